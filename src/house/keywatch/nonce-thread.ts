// SPDX-License-Identifier: Apache-2.0
/**
 * A thread that searches signatures: each request is one key with what it signed, each answer what gave it away.
 *
 * A private key that it computes is held against the public one and let go of; no answer bears it.
 */
import { constants, setPriority } from 'node:os'
import { type MessagePort, parentPort } from 'node:worker_threads'
import { findBiasedNonces } from '#trust/weak-keys/nonces/biased-nonces.ts'
import type { Broken } from './lone-thread.ts'
import type { NonceAnswer, NonceQuestion } from './nonce-search.ts'

if (parentPort === null) throw new Error('this file is a thread of the house')
// On Linux this is the priority of this thread alone; elsewhere it would be that of the whole house.
if (process.platform === 'linux') setPriority(constants.priority.PRIORITY_LOW)
answer(parentPort)

function answer(port: MessagePort) {
  port.on('message', ({ curve, point, signatures }: NonceQuestion) => {
    let reply: NonceAnswer | Broken
    try {
      reply = { bias: findBiasedNonces(curve, point, signatures) ?? null }
    } catch (error) {
      reply = { broken: String(error) }
    }
    port.postMessage(reply)
  })
}
