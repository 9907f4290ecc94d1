// SPDX-License-Identifier: Apache-2.0
/** The numbers of TPM 2.0 Library Part 2 section 6: algorithms, curves, hashes, one table each. */
import { FormatError } from '#format/format-error.ts'
import type { TpmReader } from './reader.ts'

/** TPM_ALG_ID, section 6.3: those that a structure of ours may hold, and those that are refused by name. */
export const algorithmIds = {
  rsa: 0x0001,
  sha1: 0x0004,
  hmac: 0x0005,
  aes: 0x0006,
  mgf1: 0x0007,
  keyedhash: 0x0008,
  xor: 0x000a,
  sha256: 0x000b,
  sha384: 0x000c,
  sha512: 0x000d,
  null: 0x0010,
  'sm3-256': 0x0012,
  sm4: 0x0013,
  rsassa: 0x0014,
  rsaes: 0x0015,
  rsapss: 0x0016,
  oaep: 0x0017,
  ecdsa: 0x0018,
  ecdh: 0x0019,
  ecdaa: 0x001a,
  sm2: 0x001b,
  ecschnorr: 0x001c,
  ecmqv: 0x001d,
  'kdf1-sp800-56a': 0x0020,
  kdf2: 0x0021,
  'kdf1-sp800-108': 0x0022,
  ecc: 0x0023,
  symcipher: 0x0025,
  camellia: 0x0026,
  'sha3-256': 0x0027,
  'sha3-384': 0x0028,
  'sha3-512': 0x0029,
  ctr: 0x0040,
  ofb: 0x0041,
  cbc: 0x0042,
  cfb: 0x0043,
  ecb: 0x0044,
} as const

export type TpmAlgorithm = keyof typeof algorithmIds

/** The hashes that we read, with the octets of their digests; the others are refused by name. */
export const hashOctets = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 } as const

export type TpmHash = keyof typeof hashOctets

/** TPM_ECC_CURVE, section 6.4, with the octets of a coordinate. */
export const curves = {
  'p-256': { id: 0x0003, octets: 32 },
  'p-384': { id: 0x0004, octets: 48 },
  'p-521': { id: 0x0005, octets: 66 },
} as const

export type TpmCurve = keyof typeof curves

/** The longest digest of the table: TPM2B_DIGEST is no longer. */
export const maxDigestOctets = 64

const nameOfId = new Map<number, TpmAlgorithm>()
for (const [name, id] of Object.entries(algorithmIds)) nameOfId.set(id, name as TpmAlgorithm)

/**
 * Reads an algorithm that must be one of `allowed`.
 *
 * @throws FormatError `value-not-allowed`, which names the algorithm if it is known
 */
export function readAlgorithm<A extends TpmAlgorithm>(
  reader: TpmReader,
  allowed: readonly A[],
  what: string,
): A {
  const at = reader.offset
  const id = reader.uint16()
  const found = allowed.find((name) => algorithmIds[name] === id)
  if (found !== undefined) return found
  throw new FormatError('value-not-allowed', at, `${what} ${shownAlgorithm(id)}`)
}

/** An algorithm's name in the standard's spelling, or its number. */
function shownAlgorithm(id: number): string {
  const name = nameOfId.get(id)
  return name === undefined
    ? `0x${id.toString(16).padStart(4, '0')}`
    : `TPM_ALG_${name.toUpperCase().replaceAll('-', '_')}`
}

const hashes = Object.keys(hashOctets) as TpmHash[]

export function readHash(reader: TpmReader, what = 'hash'): TpmHash {
  return readAlgorithm(reader, hashes, what)
}

export function readCurve(reader: TpmReader): TpmCurve {
  const at = reader.offset
  const id = reader.uint16()
  for (const name of Object.keys(curves) as TpmCurve[]) if (curves[name].id === id) return name
  throw new FormatError('value-not-allowed', at, `curve 0x${id.toString(16).padStart(4, '0')}`)
}
