// SPDX-License-Identifier: Apache-2.0
import { hash } from 'node:crypto'
import { cryptBase64 } from './crypt-base64.ts'

const rounds = 1_000
/** Which octets of the digest go into each group of four characters. */
const order = [
  ...[[0, 6, 12] as const, [1, 7, 13] as const, [2, 8, 14] as const],
  ...[[3, 9, 15] as const, [4, 10, 5] as const, [undefined, undefined, 11] as const],
]

/**
 * The hash of Poul-Henning Kamp for FreeBSD (`$1$`), which Apache uses under another name (`$apr1$`).
 *
 * @returns the 22 characters after the salt
 */
export function md5Crypt(password: string, salt: string, magic: '$1$' | '$apr1$'): string {
  const key = Buffer.from(password, 'utf8')
  const start = Buffer.from(salt, 'latin1')
  const inner = md5(key, start, key)
  const parts = [key, Buffer.from(magic), start, repeated(inner, key.length)]
  for (let bits = key.length; bits > 0; bits >>= 1)
    parts.push(bits & 1 ? Buffer.of(0) : key.subarray(0, 1))
  let digest = md5(...parts)
  for (let round = 0; round < rounds; round++) {
    const odd = (round & 1) === 1
    digest = md5(
      odd ? key : digest,
      ...(round % 3 === 0 ? [] : [start]),
      ...(round % 7 === 0 ? [] : [key]),
      odd ? digest : key,
    )
  }
  return cryptBase64(digest, order).slice(0, 22)
}

function md5(...parts: readonly Buffer[]): Buffer {
  return hash('md5', Buffer.concat(parts), 'buffer')
}

function repeated(digest: Buffer, length: number): Buffer {
  return Buffer.alloc(length, digest)
}
