// SPDX-License-Identifier: Apache-2.0
/** A thread that tests keys: each request is one page of them, each answer what was found. */
import { type MessagePort, parentPort } from 'node:worker_threads'
import { moduliOf, testPage } from './test-page.ts'
import type { KeyReply, KeyRequest } from './threaded-tester.ts'

if (parentPort === null) throw new Error('this file is a thread of the house')
answer(parentPort)

function answer(port: MessagePort) {
  port.on('message', (request: KeyRequest) => {
    let reply: KeyReply
    try {
      reply =
        request.work === 'test'
          ? { found: testPage(request.page) }
          : { moduli: moduliOf(request.page) }
    } catch (error) {
      reply = { broken: String(error) }
    }
    port.postMessage(reply)
  })
}
