// SPDX-License-Identifier: Apache-2.0
import { deflate } from 'node:zlib'

/** A block packed by zlib, on Node's thread pool. */
export function packZlib(block: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    deflate(block, { level: 6 }, (error, packed) =>
      error === null ? resolve(packed) : reject(error),
    )
  })
}
