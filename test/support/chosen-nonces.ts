// SPDX-License-Identifier: Apache-2.0
/** ECDSA with a nonce of the test's choice: what a device with a bad generator does. */
import { createECDH, hash, randomBytes } from 'node:crypto'
import { encodeDer } from '#format/der/writer.ts'
import { encodeSigned } from '#format/x509/certificate.ts'
import {
  type CertificationRequestInfo,
  encodeCertificationRequestInfo,
} from '#format/x509/certification-request.ts'
import { encodeName } from '#format/x509/name.ts'
import { encodeSubjectPublicKeyInfo, parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { keyAlgorithms, signatureAlgorithms } from '#trust/algorithms.ts'
import { importPublicKey, type PublicKey } from '#trust/public-key.ts'
import {
  type CurveName,
  curves,
  inverseOf,
  numberOf,
  octetsOf,
} from '#trust/weak-keys/nonces/curve.ts'
import { type EcdsaParts, signedNumber } from '#trust/weak-keys/nonces/ecdsa-signature.ts'
import { positive } from '#trust/weak-keys/scalars/short-curve.ts'

export interface KnownKey {
  readonly curve: CurveName
  /** The private key. */
  readonly scalar: bigint
  readonly publicKey: PublicKey
  /** x and y. */
  readonly point: Uint8Array
}

/** A number from 1 to one below the order. */
export function anyNumber(curve: CurveName, random: (octets: number) => Uint8Array = randomBytes) {
  const { octets, order } = curves[curve]
  return positive(numberOf(random(octets + 8)), order - 1n) + 1n
}

export function knownKey(curve: CurveName, scalar = anyNumber(curve)): KnownKey {
  const point = multipleOf(curve, scalar)
  const { identifier } = keyAlgorithms[curve]
  const spki = encodeSubjectPublicKeyInfo(identifier, Uint8Array.of(4, ...point))
  const publicKey = importPublicKey(parseSubjectPublicKeyInfo(spki.der))
  if ('kind' in publicKey) throw new Error(publicKey.detail)
  return { curve, scalar, publicKey, point }
}

/** x and y of a multiple of the generator. */
export function multipleOf(curve: CurveName, scalar: bigint): Uint8Array {
  const pair = createECDH(curves[curve].openssl)
  pair.setPrivateKey(octetsOf(scalar, curves[curve].octets))
  return Uint8Array.from(pair.getPublicKey().subarray(1))
}

/** FIPS 186-5 section 6.4.1, with the nonce given. */
export function signDigest(
  { curve: name, scalar }: Pick<KnownKey, 'curve' | 'scalar'>,
  nonce: bigint,
  digest: Uint8Array,
): EcdsaParts {
  const curve = curves[name]
  const { order, octets } = curve
  const r = positive(numberOf(multipleOf(name, nonce).subarray(0, octets)), order)
  const inverse = inverseOf(nonce, order) ?? 0n
  const s = positive(inverse * (signedNumber(digest, curve) + r * scalar), order)
  return { digest, r: octetsOf(r, octets), s: octetsOf(s, octets) }
}

export function digestOf(name: 'sha256' | 'sha384' | 'sha512', message: string): Uint8Array {
  return Uint8Array.fromHex(hash(name, message, 'hex'))
}

/** A PKCS #10 request that was signed with this nonce; `over` says what else is in it. */
export function requestWithNonce(
  key: KnownKey,
  nonce: bigint,
  over: Partial<CertificationRequestInfo> = {},
): Uint8Array {
  const info = encodeCertificationRequestInfo({
    ...{ subject: encodeName([]), publicKey: key.publicKey.spki },
    ...over,
  })
  const { signsWith } = keyAlgorithms[key.curve]
  const row = signatureAlgorithms[signsWith ?? 'ecdsa-sha256']
  const { r, s } = signDigest(key, nonce, Uint8Array.fromHex(hash(row.digest ?? '', info, 'hex')))
  const signature = encodeDer((writer) =>
    writer.sequence(() => {
      writer.integer(numberOf(r))
      writer.integer(numberOf(s))
    }),
  )
  return encodeSigned(info, row.identifier, signature)
}
