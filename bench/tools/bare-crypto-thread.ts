// SPDX-License-Identifier: Apache-2.0
/** Verifies and signs in a loop when told to; says when it is ready, and when it is done. */
import { sign, verify } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'

const { each, digest, data, signature, publicKey, privateKey } = workerData

parentPort?.once('message', () => {
  for (let left = each; left > 0; left--) {
    if (!verify('sha256', data, publicKey, signature)) throw new Error('not genuine')
    sign(digest, data, privateKey)
  }
  parentPort?.postMessage('done')
})
parentPort?.postMessage('ready')
