// SPDX-License-Identifier: Apache-2.0
import { createPublicKey, type KeyObject } from 'node:crypto'
import { algorithms } from '#format/oids.ts'
import type { SubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import {
  findKeyAlgorithm,
  isKeyOid,
  type KeyAlgorithm,
  type KeyAlgorithmName,
  onlySignatureOf,
  type SignatureAlgorithmName,
} from './algorithms.ts'
import { isCryptoRefusal } from './crypto-refusal.ts'
import { sha256 } from './digest.ts'
import { edwardsPointFault } from './edwards-point.ts'
import { mlKemKeyFault } from './ml-kem-key.ts'
import { type Refused, refuse } from './refusal.ts'
import { readRsaKey } from './rsa-key.ts'
import { rsaPssSignature } from './rsa-pss.ts'

/** A well-formed public key of a known algorithm. Not said: that it is strong enough, or not known weak. */
export interface PublicKey {
  readonly algorithm: KeyAlgorithmName
  readonly bits: number
  /** DER of the SubjectPublicKeyInfo as it came; another encoding of the same key has other bytes. */
  readonly spki: Uint8Array
  /**
   * SHA-256 of the algorithm's name ('rsa' for every RSA key, whose exponent counts for nothing), a zero octet and
   * the material. 32 octets.
   */
  readonly fingerprint: Uint8Array
  /**
   * The canonical material: the modulus, both coordinates of the point, or the key's own octets, without any tag.
   * Mostly a view of `spki`.
   */
  readonly material: Uint8Array
  /** The one signature that its own parameters leave it (RSASSA-PSS); undefined: any of its family. */
  readonly onlySignature: SignatureAlgorithmName | undefined
  readonly keyObject: KeyObject
}

/**
 * Imports a public key and checks that it is well-formed: on its curve, not of small order, canonical where
 * the standard says so, of an exact size, with an exponent that is odd and at least 65537, its coefficients reduced.
 *
 * @see SP 800-56A section 5.6.2.3, SP 800-89 section 5.3.3, RFC 8032 section 5.1.3, FIPS 203 section 7.2
 */
export function importPublicKey(spki: SubjectPublicKeyInfo): PublicKey | Refused {
  const algorithm = findKeyAlgorithm(spki.algorithm)
  if (algorithm === undefined) return refuseAlgorithm(spki)
  switch (algorithm.canonical) {
    case 'modulus': {
      const rsa = readRsaKey(spki.key, spki.algorithm.oid)
      return rsa.kind === 'refused' ? rsa : finish(spki, rsa.algorithm, 'rsa', () => rsa.modulus)
    }
    case 'affine-point':
      return importPoint(spki, algorithm)
    case 'edwards-point':
      return importOctets(spki, algorithm, edwardsPointFault)
    case 'coefficients':
      return importOctets(spki, algorithm, mlKemKeyFault)
    case 'raw':
      return importOctets(spki, algorithm)
  }
}

function refuseAlgorithm({ algorithm: { oid, parameters }, algorithm }: SubjectPublicKeyInfo) {
  const shown = parameters === undefined ? 'absent' : parameters.subarray(0, 32).toHex()
  // A backup that is restored, or a machine that is cloned, would sign twice with one of its one-time keys.
  if (oid === algorithms.hssLmsHashsig)
    return refuse(
      'key-algorithm-unknown',
      'an HSS/LMS key must never sign twice in one state, which no software can promise: nothing is signed or certified with it here, and its bare signatures are verified',
    )
  if (oid === algorithms.rsassaPss) {
    const read = rsaPssSignature(parameters)
    if (read.kind === 'fault') return refuse('key-algorithm-unknown', `key of ${read.detail}`)
  }
  return isKeyOid(algorithm)
    ? refuse('key-algorithm-unknown', `key algorithm ${oid} with parameters ${shown} is not known`)
    : refuse('key-algorithm-unknown', `key algorithm ${oid} is not known`)
}

/** SEC 1 section 2.3.4: only the uncompressed and the compressed form; OpenSSL also takes the hybrid and infinity. */
function importPoint(spki: SubjectPublicKeyInfo, algorithm: KeyAlgorithm): PublicKey | Refused {
  const { key } = spki
  const { materialOctets, name } = algorithm
  if (key[0] === 4 && key.length === 1 + materialOctets) {
    return finish(spki, algorithm, name, () => key.subarray(1))
  }
  if ((key[0] === 2 || key[0] === 3) && key.length === 1 + materialOctets / 2) {
    return finish(spki, algorithm, name, (imported) =>
      imported.export({ format: 'raw-public', type: 'uncompressed' }).subarray(1),
    )
  }
  return refuse(
    'key-malformed',
    `${name} point has ${key.length} octets from ${key.subarray(0, 1).toHex()}, must be uncompressed or compressed`,
  )
}

function importOctets(
  spki: SubjectPublicKeyInfo,
  algorithm: KeyAlgorithm,
  faultOf?: (key: Uint8Array) => string | undefined,
): PublicKey | Refused {
  const { key } = spki
  const { materialOctets, name } = algorithm
  if (key.length !== materialOctets) {
    return refuse(
      'key-malformed',
      `${name} key has ${key.length} octets, must have ${materialOctets}`,
    )
  }
  const fault = faultOf?.(key)
  return fault === undefined
    ? finish(spki, algorithm, name, () => key)
    : refuse('key-malformed', fault)
}

/** OpenSSL has the last word: among other things it checks that a point lies on its curve. */
function finish(
  spki: SubjectPublicKeyInfo,
  algorithm: KeyAlgorithm,
  family: string,
  materialOf: (imported: KeyObject) => Uint8Array,
): PublicKey | Refused {
  try {
    const keyObject = createPublicKey({ key: spki.der, format: 'der', type: 'spki' })
    const material = materialOf(keyObject)
    return {
      algorithm: algorithm.name,
      bits: algorithm.bits,
      spki: spki.der,
      fingerprint: fingerprintOf(family, material),
      material,
      onlySignature: onlySignatureOf(spki.algorithm)?.name,
      keyObject,
    }
  } catch (error) {
    if (!isCryptoRefusal(error)) throw error
    return refuse('key-malformed', `${algorithm.name} key is not a valid one`)
  }
}

const encoder = new TextEncoder()

/** See `PublicKey.fingerprint`. */
export function fingerprintOf(family: string, material: Uint8Array): Uint8Array {
  const input = new Uint8Array(family.length + 1 + material.length)
  encoder.encodeInto(family, input)
  input.set(material, family.length + 1)
  return sha256(input)
}
