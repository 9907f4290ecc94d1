// SPDX-License-Identifier: Apache-2.0
/** A thread that builds blocks of status files: each request is one block, each answer its bytes. */
import { type MessagePort, parentPort } from 'node:worker_threads'
import { encodeBase, parseBase } from '#format/compact-status/block.ts'
import { buildBlock } from '#trust/compact-status/build-block.ts'
import type { BlockReply, BlockRequest } from './block-builder.ts'

if (parentPort === null) throw new Error('this file is a thread of the house')
answer(parentPort)

function answer(port: MessagePort) {
  port.on('message', ({ rows, seed, old }: BlockRequest) => {
    const before = old && { base: parseBase(old.base), changes: old.changes }
    let reply: BlockReply
    try {
      const { base, changes } = buildBlock(rows, seed, before)
      reply = { base: encodeBase(base), changes }
    } catch (error) {
      reply = { broken: String(error) }
    }
    port.postMessage(reply)
  })
}
