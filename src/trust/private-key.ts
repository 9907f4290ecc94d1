// SPDX-License-Identifier: Apache-2.0
import {
  createPrivateKey,
  createPublicKey,
  decapsulate,
  encapsulate,
  generateKeyPair,
  type KeyObject,
  sign as signBytes,
} from 'node:crypto'
import { FormatError } from '#format/format-error.ts'
import { parseMlDsaPrivateKey } from '#format/ml-dsa-private-key.ts'
import { parseMlKemPrivateKey } from '#format/ml-kem-private-key.ts'
import { algorithms } from '#format/oids.ts'
import { parsePrivateKeyInfo } from '#format/pkcs8.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import type { PlainType } from './algorithms/row.ts'
import {
  findKeyAlgorithm,
  type KeyAlgorithm,
  type KeyAlgorithmName,
  keyAlgorithms,
  type SignatureAlgorithm,
  signatureAlgorithmFor,
} from './algorithms.ts'
import { isCryptoRefusal } from './crypto-refusal.ts'
import { sameSecret } from './digest.ts'
import { importPublicKey, type PublicKey } from './public-key.ts'
import { type Refused, refuse } from './refusal.ts'
import { paddingFor, verifySignature } from './signature.ts'

/** A private key in this process's memory, with its public half. */
export interface KeyPair {
  readonly privateKey: KeyObject
  readonly publicKey: PublicKey
}

/** Makes a fresh key on Node's thread pool; RSA takes up to seconds. */
export async function generateKey(algorithm: KeyAlgorithmName): Promise<KeyPair> {
  const privateKey = await generatePrivateKey(algorithm)
  const publicKey = publicHalf(privateKey)
  if ('kind' in publicKey) throw new TypeError(`a fresh key is ${publicKey.detail}`)
  return { privateKey, publicKey }
}

function generatePrivateKey(algorithm: KeyAlgorithmName): Promise<KeyObject> {
  const { make, bits } = keyAlgorithms[algorithm]
  return new Promise((resolve, reject) => {
    const done: Done = (error, _, privateKey) =>
      error === null ? resolve(privateKey) : reject(error)
    if (make.type === 'rsa') generateKeyPair(make.type, { modulusLength: bits }, done)
    else if (make.type === 'rsa-pss') generateKeyPair(make.type, { modulusLength: bits }, done)
    else if (make.type === 'ec') generateKeyPair(make.type, { namedCurve: make.namedCurve }, done)
    else generatePlain(make.type, done)
  })
}

type Done = (error: Error | null, _: KeyObject, privateKey: KeyObject) => void

/** Node's types have one overload for each name; all of them take no options. */
function generatePlain(type: PlainType, done: Done): void {
  generateKeyPair(type as 'ed25519', done)
}

function publicHalf(privateKey: KeyObject): PublicKey | Refused {
  const der = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  return importPublicKey(parseSubjectPublicKeyInfo(Uint8Array.from(der)))
}

/**
 * DER of the PKCS #8 PrivateKeyInfo, in the clear: the caller seals it and wipes it.
 *
 * ML-DSA and ML-KEM keys are written as their seed (RFC 9881 section 6, RFC 9935 section 6: the recommended
 * form; 54 and 86 octets).
 */
export function encodePrivateKey(privateKey: KeyObject): Uint8Array {
  const exported = privateKey.export({ format: 'der', type: 'pkcs8' })
  const pkcs8 = Uint8Array.from(exported)
  exported.fill(0)
  return pkcs8
}

/**
 * Reads a PKCS #8 PrivateKeyInfo and proves by its use that both halves belong together: OpenSSL believes the
 * public half that an elliptic key carries along.
 *
 * An ML-DSA or ML-KEM key without its seed is refused, as it could not be written again.
 *
 * @see RFC 5958, RFC 9881 section 6, RFC 9935 section 6
 */
export async function parsePrivateKey(
  pkcs8: Uint8Array,
): Promise<{ readonly kind: 'key'; readonly pair: KeyPair } | Refused> {
  const privateKey = importPrivateKey(pkcs8)
  if ('reason' in privateKey) return privateKey
  const publicKey = publicHalf(privateKey)
  if ('kind' in publicKey) return publicKey
  return (await belongsTogether(privateKey, publicKey))
    ? { kind: 'key', pair: { privateKey, publicKey } }
    : refuse('key-malformed', 'the private key does not belong to the public key beside it')
}

async function belongsTogether(privateKey: KeyObject, publicKey: PublicKey): Promise<boolean> {
  if (keyAlgorithms[publicKey.algorithm].signsWith === null) {
    const { sharedKey, ciphertext } = encapsulate(publicKey.keyObject)
    return sameSecret(decapsulate(privateKey, ciphertext), sharedKey)
  }
  const algorithm = signatureAlgorithmFor(publicKey.algorithm)
  const sample = publicKey.fingerprint
  const signature = await sign(privateKey, algorithm, sample)
  return (await verifySignature(algorithm.identifier, publicKey, sample, signature)) === true
}

function importPrivateKey(pkcs8: Uint8Array): KeyObject | Refused {
  try {
    const { algorithm, privateKey } = parsePrivateKeyInfo(pkcs8)
    const row = findKeyAlgorithm(algorithm)
    if (row === undefined) {
      return refuse('key-algorithm-unknown', `key algorithm ${algorithm.oid} is not known`)
    }
    if (algorithm.oid === algorithms.rsassaPss && algorithm.parameters !== undefined) {
      return refuse('key-algorithm-unknown', 'rsassa-pss key with parameters; keep it without them')
    }
    if (lacksSeed(row, privateKey)) {
      return refuse('key-malformed', `${row.name} key without its seed`)
    }
    return createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  } catch (error) {
    // No word of the key itself: messages of parsers may quote what they read.
    if (error instanceof FormatError || isCryptoRefusal(error)) {
      return refuse('key-malformed', 'not a private key in pkcs #8')
    }
    throw error
  }
}

/** @throws FormatError */
function lacksSeed({ privateForm }: KeyAlgorithm, privateKey: Uint8Array): boolean {
  switch (privateForm) {
    case 'ml-dsa':
      return parseMlDsaPrivateKey(privateKey).seed === undefined
    case 'ml-kem':
      return parseMlKemPrivateKey(privateKey).seed === undefined
    case 'own':
      return false
  }
}

/**
 * Signs with the algorithm of this row: RSA as it says, ECDSA in DER, ML-DSA and SLH-DSA hedged and with an
 * empty context. There is no other way to sign: SLH-DSA takes up to a second.
 *
 * On Node's thread pool, but for keys whose signature takes less time than the way there and back.
 */
export async function sign(
  privateKey: KeyObject,
  algorithm: SignatureAlgorithm,
  toBeSigned: Uint8Array,
): Promise<Uint8Array> {
  const options = {
    key: privateKey,
    dsaEncoding: 'der',
    ...paddingFor(algorithm, privateKey.asymmetricKeyDetails?.modulusLength ?? 0),
  } as const
  if (toBeSigned.length <= mostQuickBytes && isQuick(privateKey))
    return Uint8Array.from(signBytes(algorithm.digest, toBeSigned, options))
  return new Promise((resolve, reject) => {
    signBytes(algorithm.digest, toBeSigned, options, (error, signature) =>
      error === null ? resolve(Uint8Array.from(signature)) : reject(error),
    )
  })
}

/** Hashing so much takes as long as the signature; a revocation list of a million takes 30 ms and more. */
const mostQuickBytes = 65_536

/** Measured: some 20 microseconds to sign with one of these, and twice that for a job of the pool. */
function isQuick({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  return asymmetricKeyType === 'ed25519' || asymmetricKeyDetails?.namedCurve === 'prime256v1'
}
