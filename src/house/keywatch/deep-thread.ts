// SPDX-License-Identifier: Apache-2.0
/** A thread that spends seconds on a key: each request is one SubjectPublicKeyInfo, each answer what was found. */
import { constants, setPriority } from 'node:os'
import { type MessagePort, parentPort } from 'node:worker_threads'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { DeepChecks } from '#trust/weak-keys/deep/check-key-deeply.ts'
import type { DeepAnswer } from './deep-search.ts'
import type { Broken } from './lone-thread.ts'

if (parentPort === null) throw new Error('this file is a thread of the house')
// On Linux this is the priority of this thread alone; elsewhere it would be that of the whole house.
if (process.platform === 'linux') setPriority(constants.priority.PRIORITY_LOW)
answer(parentPort)

function answer(port: MessagePort) {
  const checks = new DeepChecks()
  port.on('message', (spki: Uint8Array) => {
    let reply: DeepAnswer | Broken
    try {
      const key = importPublicKey(parseSubjectPublicKeyInfo(spki))
      reply = { found: 'kind' in key ? [] : checks.check(key) }
    } catch (error) {
      reply = { broken: String(error) }
    }
    port.postMessage(reply)
  })
}
