// SPDX-License-Identifier: Apache-2.0
import { createPublicKey, type KeyObject } from 'node:crypto'
import { limits } from '#format/der/budget.ts'
import { readDer } from '#format/der/reader.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { fingerprintOf } from '#trust/public-key.ts'

/** What may be told of any key, also of one that no profile would take. */
export interface PublicHalf {
  /** As people say it: `RSA 2048`, `P-256`, `Ed25519`. */
  readonly algorithm: string
  /** Canonical, hexadecimal: as the inventory keeps it for algorithms that it knows. */
  readonly fingerprint: string
  readonly spki: Uint8Array
}

const curveNames: ReadonlyMap<string, string> = new Map([
  ['prime256v1', 'P-256'],
  ['secp224r1', 'P-224'],
  ['secp384r1', 'P-384'],
  ['secp521r1', 'P-521'],
])

/** The public half of a private key, or of a public one. */
export function publicHalfOf(key: KeyObject): PublicHalf {
  const half = key.type === 'private' ? createPublicKey(key) : key
  const spki = Uint8Array.from(half.export({ format: 'der', type: 'spki' }))
  const { asymmetricKeyType: type = '', asymmetricKeyDetails: details } = half
  const material = parseSubjectPublicKeyInfo(spki).key
  switch (type) {
    case 'rsa':
    case 'rsa-pss': {
      const modulus = modulusOf(material)
      const fingerprint = fingerprintOf('rsa', modulus).toHex()
      return { algorithm: `RSA ${details?.modulusLength}`, fingerprint, spki }
    }
    case 'ec': {
      const point = half.export({ format: 'raw-public', type: 'uncompressed' }).subarray(1)
      const name = details?.namedCurve ?? 'elliptic'
      const algorithm = curveNames.get(name) ?? name
      return { algorithm, fingerprint: fingerprintOf(algorithm.toLowerCase(), point).toHex(), spki }
    }
    default:
      return {
        algorithm: wordOf(type),
        fingerprint: fingerprintOf(type, material).toHex(),
        spki,
      }
  }
}

function wordOf(type: string): string {
  return /^(?:ed|x)\d/.test(type) ? type[0]!.toUpperCase() + type.slice(1) : type.toUpperCase()
}

function modulusOf(key: Uint8Array): Uint8Array {
  return readDer(key, limits.privateKey, (reader) => {
    const sequence = reader.sequence()
    const modulus = sequence.integerBytes()
    sequence.skip()
    sequence.end()
    return modulus[0] === 0 ? modulus.subarray(1) : modulus
  })
}
