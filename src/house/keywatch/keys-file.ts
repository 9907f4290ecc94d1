// SPDX-License-Identifier: Apache-2.0
import type { WatchedModulus } from '#trust/weak-keys/shared-primes/shared-prime.ts'

/** Ids and moduli of keys, as they stand in a file: ids first, so that they are read alone. */
export interface KeysBody {
  readonly count: number
  /** 16 octets each. */
  readonly ids: Uint8Array
  /** Big-endian; a view. */
  modulus(position: number): Uint8Array
}

export const idOctets = 16
const idShape = /^key_[0-9a-f]{32}$/
/** Keys of 16,384 bits are the largest that OpenSSL uses. */
const mostModulusOctets = 2048

/** @throws RangeError for an id that is none, or a modulus that no RSA key has */
export function encodeKeys(keys: readonly WatchedModulus[]): Uint8Array {
  const moduli = keys.map(({ modulus }) => withoutZeros(modulus))
  const octets = moduli.reduce((sum, { length }) => sum + length, 0)
  const body = new Uint8Array(4 + keys.length * (idOctets + 2) + octets)
  const view = new DataView(body.buffer)
  view.setUint32(0, keys.length)
  let at = 4 + keys.length * (idOctets + 2)
  for (const [position, { id }] of keys.entries()) {
    const modulus = moduli[position]!
    body.set(idFrom(id), 4 + position * idOctets)
    view.setUint16(4 + keys.length * idOctets + position * 2, modulus.length)
    body.set(modulus, at)
    at += modulus.length
  }
  return body
}

/** Reads what `encodeKeys` wrote; the digest of its file has been checked. */
export function parseKeys(body: Uint8Array): KeysBody {
  const view = new DataView(body.buffer, body.byteOffset, body.length)
  const count = view.getUint32(0)
  const lengthsAt = 4 + count * idOctets
  const starts = new Uint32Array(count + 1)
  starts[0] = lengthsAt + count * 2
  for (let position = 0; position < count; position++)
    starts[position + 1] = starts[position]! + view.getUint16(lengthsAt + position * 2)
  return {
    count,
    ids: body.subarray(4, lengthsAt),
    modulus: (position) => body.subarray(starts[position], starts[position + 1]),
  }
}

export function idAt({ ids }: KeysBody, position: number): string {
  return `key_${ids.subarray(position * idOctets, (position + 1) * idOctets).toHex()}`
}

export function idFrom(id: string): Uint8Array {
  if (!idShape.test(id)) throw new RangeError(`${id.slice(0, 40)} is no id of a key`)
  return Uint8Array.fromHex(id.slice(4))
}

/** @throws RangeError for what is below 16 bits or above 16,384 */
export function withoutZeros(modulus: Uint8Array): Uint8Array {
  const from = modulus.findIndex((octet) => octet !== 0)
  const length = from === -1 ? 0 : modulus.length - from
  if (length < 2 || length > mostModulusOctets)
    throw new RangeError(`a modulus of ${length * 8} bits is that of no RSA key`)
  return modulus.subarray(from)
}
