// SPDX-License-Identifier: Apache-2.0
import { hash } from 'node:crypto'
import { cryptBase64 } from './crypt-base64.ts'

export const usualRounds = 5_000

/**
 * The hashes of Ulrich Drepper, `$5$` and `$6$`.
 *
 * @returns the 43 or 86 characters after the salt
 * @see "Unix crypt using SHA-256 and SHA-512", 2008; the numbers are its steps
 */
export function shaCrypt(
  password: string,
  salt: string,
  digestName: 'sha256' | 'sha512',
  rounds: number = usualRounds,
): string {
  const digest = (...parts: readonly Buffer[]) => hash(digestName, Buffer.concat(parts), 'buffer')
  const key = Buffer.from(password, 'utf8')
  const start = Buffer.from(salt, 'latin1')
  // 4 to 8.
  const inner = digest(key, start, key)
  // 1 to 3 and 9 to 12.
  const parts = [key, start, Buffer.alloc(key.length, inner)]
  for (let bits = key.length; bits > 0; bits >>= 1) parts.push(bits & 1 ? inner : key)
  let result = digest(...parts)
  // 13 to 16: as long as the key; and 17 to 20: as long as the salt.
  const keys = Buffer.alloc(key.length, digest(...Array.from(key, () => key)))
  const salts = Buffer.alloc(
    start.length,
    digest(...Array.from({ length: 16 + (result[0] ?? 0) }, () => start)),
  )
  // 21.
  for (let round = 0; round < rounds; round++) {
    const odd = (round & 1) === 1
    result = digest(
      odd ? keys : result,
      ...(round % 3 === 0 ? [] : [salts]),
      ...(round % 7 === 0 ? [] : [keys]),
      odd ? result : keys,
    )
  }
  // 22.
  return digestName === 'sha256'
    ? cryptBase64(result, order256).slice(0, 43)
    : cryptBase64(result, order512).slice(0, 86)
}

/** Each group turns the three thirds of the digest on by one: steps 22 (e) and (f). */
const order256 = [
  ...turned(
    10,
    (index) =>
      [
        [0, 10, 20],
        [21, 1, 11],
        [12, 22, 2],
      ][index % 3]!,
  ),
  [undefined, 31, 30],
]
const order512 = [
  ...turned(
    21,
    (index) =>
      [
        [0, 21, 42],
        [22, 43, 1],
        [44, 2, 23],
      ][index % 3]!,
  ),
  [undefined, undefined, 63],
]

function turned(groups: number, first: (index: number) => readonly number[]): number[][] {
  return Array.from({ length: groups }, (_, index) => {
    const step = index - (index % 3)
    return first(index).map((octet) => octet + step)
  })
}
