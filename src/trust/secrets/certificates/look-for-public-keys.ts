// SPDX-License-Identifier: Apache-2.0
import { limits } from '#format/der/budget.ts'
import { readDer } from '#format/der/reader.ts'
import { FormatError } from '#format/format-error.ts'
import { algorithms } from '#format/oids.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { findKeyAlgorithm } from '#trust/algorithms.ts'
import { fingerprintOf } from '#trust/public-key.ts'
import { publishedIn } from '#trust/weak-keys/published-keys.ts'
import { identityOf } from '../identity.ts'
import { sequenceAround } from '../keys/der-span.ts'
import type { Look, Sight, Tell } from '../sight.ts'

/** What the public keys begin with that boot loaders and update programs have in them, after their SEQUENCE's header. */
const beginnings = [
  // RSAPublicKey of 2048, 3072 and 4096 bits.
  ...['0282010100', '0282018100', '0282020100'],
  // SubjectPublicKeyInfo of P-256, P-384, P-521; Ed25519.
  ...['301306072a8648ce3d0201', '301006072a8648ce3d0201', '300506032b6570032100'],
]

export const lookForPublicKeys: readonly Look[] = beginnings.map((hex) => ({
  octets: Uint8Array.fromHex(hex),
  look: lookAtSpan,
}))

function lookAtSpan({ octets, at, base }: Sight, tell: Tell): void {
  const span = sequenceAround(octets, at)
  if (span === undefined || !tell.spend(1)) return
  lookAtPublicKey(octets.subarray(span.start, span.end), base + span.start, tell)
}

/** SubjectPublicKeyInfo, or RSAPublicKey alone. */
export function lookAtPublicKey(der: Uint8Array, offset: number, tell: Tell): void {
  const key = readPublicKey(der)
  if (key !== undefined) tellPublicKey(key, offset, tell)
}

export interface SeenKey {
  readonly family: string
  /** What its fingerprint is made of. */
  readonly material: Uint8Array
}

export function tellPublicKey(key: SeenKey, offset: number, tell: Tell): void {
  const fingerprint = fingerprintOf(key.family, key.material).toHex()
  tell.trace({
    ...{ kind: 'public-key', offset, octets: key.material },
    facts: { fingerprint, family: key.family },
  })
  const published = publishedIn(fingerprint)
  if (published === undefined) return
  tell.found({
    ...{ rule: 'test-key', confidence: 'certain', offset, key: fingerprint },
    what: `public key whose private half is published in ${published}`,
    identity: identityOf('test-key', fingerprint),
  })
}

/** No point is checked: what is not on its curve has the fingerprint of no key. */
function readPublicKey(der: Uint8Array): SeenKey | undefined {
  try {
    return der[1] !== undefined && isSpki(der) ? ofSpki(der) : ofRsa(der)
  } catch (error) {
    if (error instanceof FormatError) return undefined
    throw error
  }
}

function isSpki(der: Uint8Array): boolean {
  return readDer(der, limits.small, (reader) => {
    const inner = reader.sequence()
    const found = inner.peek() === 0x30
    while (inner.hasMore) inner.skip()
    return found
  })
}

function ofSpki(der: Uint8Array): SeenKey | undefined {
  const { algorithm, key } = parseSubjectPublicKeyInfo(der)
  if (algorithm.oid === algorithms.rsaEncryption) return ofRsa(key)
  const row = findKeyAlgorithm(algorithm)
  if (row === undefined || row.canonical === 'modulus') return undefined
  if (row.canonical !== 'affine-point') return { family: row.name, material: key }
  return key[0] === 4 ? { family: row.name, material: key.subarray(1) } : undefined
}

function ofRsa(der: Uint8Array): SeenKey | undefined {
  return readDer(der, limits.small, (reader) => {
    const sequence = reader.sequence()
    const modulus = sequence.integerBytes()
    const exponent = sequence.integerBytes()
    if (sequence.hasMore || modulus.length < 64 || exponent.length > 8) return undefined
    return { family: 'rsa', material: modulus[0] === 0 ? modulus.subarray(1) : modulus }
  })
}
