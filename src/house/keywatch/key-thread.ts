// SPDX-License-Identifier: Apache-2.0
/** A thread that tests keys: each request is one page of them, each answer what was found. */
import { constants, setPriority } from 'node:os'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { type OpenDirectory, openKeyListDirectory } from '#edge/key-lists/key-list-directory.ts'
import { type KeyLists, noLists } from '#trust/weak-keys/key-lists.ts'
import { moduliOf, testPage } from './test-page.ts'
import type { KeyReply, KeyRequest } from './threaded-tester.ts'

if (parentPort === null) throw new Error('this file is a thread of the house')
// On Linux this is the priority of this thread alone; elsewhere it would be that of the whole house.
if (process.platform === 'linux') setPriority(constants.priority.PRIORITY_LOW)
answer(parentPort, workerData)

function answer(port: MessagePort, { directory }: { readonly directory: string }) {
  let opened: OpenDirectory | undefined
  let openedFor = ''
  const listsOf = async (digest: string): Promise<KeyLists> => {
    if (digest === openedFor) return opened?.lists ?? noLists
    opened?.close()
    opened = await openKeyListDirectory(directory)
    openedFor = digest
    return opened.lists
  }
  const replyTo = async ({ work, page, lists }: KeyRequest): Promise<KeyReply> => {
    try {
      return work === 'test'
        ? { found: testPage(page, await listsOf(lists)) }
        : { moduli: moduliOf(page) }
    } catch (error) {
      return { broken: String(error) }
    }
  }
  let turn = Promise.resolve()
  port.on('message', (request: KeyRequest) => {
    turn = turn.then(async () => port.postMessage(await replyTo(request)))
  })
}
