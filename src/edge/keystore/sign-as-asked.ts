// SPDX-License-Identifier: Apache-2.0
import { constants, type KeyObject, privateEncrypt } from 'node:crypto'
import type { SignatureAsked } from '#core/authority/signing-key.ts'
import type { Randomness } from '#core/ports.ts'
import {
  digestAsked,
  encodeDigestInfo,
  encodePssMessage,
  saltOctetsOf,
  signatureAlgorithmAsked,
} from '#trust/digest-signature.ts'
import { type KeyPair, sign } from '#trust/private-key.ts'

/** By the names that Node gives to curves. Loaded when they are first needed: most signatures are Node's own. */
async function curveNamed(name: string | undefined) {
  const { p256, p384, p521 } = await import('@noble/curves/nist.js')
  return new Map([
    ['prime256v1', p256],
    ['secp384r1', p384],
    ['secp521r1', p521],
  ]).get(name ?? '')
}

/**
 * Signs in another way than the usual one of the key: RSA by another padding, or over a digest that somebody
 * else computed.
 *
 * OpenSSL signs digests by RSA; by ECDSA Node offers no way to ask it, which is why a library does it, hedged
 * (docs/decisions/0023-signing-a-digest.md).
 *
 * @throws TypeError if the key does not sign so
 */
export async function signAsAsked(
  { privateKey, publicKey }: KeyPair,
  toBeSigned: Uint8Array,
  { algorithm: name, over }: SignatureAsked,
  random: Randomness,
): Promise<Uint8Array> {
  const algorithm = signatureAlgorithmAsked(name, publicKey)
  if (over === 'message') return sign(privateKey, algorithm, toBeSigned)
  const digest = digestAsked(algorithm, toBeSigned)
  // OpenSSL lets such a key sign messages alone.
  if (privateKey.asymmetricKeyType === 'rsa-pss')
    throw new TypeError(`a key of ${publicKey.algorithm} in a file signs no digest`)
  if (privateKey.asymmetricKeyType === 'ec') return signByCurve(privateKey, toBeSigned, random)
  const saltOctets = saltOctetsOf(algorithm, publicKey.bits)
  if (saltOctets === null) {
    const padding = constants.RSA_PKCS1_PADDING
    const info = encodeDigestInfo(digest, toBeSigned)
    return Uint8Array.from(privateEncrypt({ key: privateKey, padding }, info))
  }
  const padding = constants.RSA_NO_PADDING
  const salt = random.bytes(saltOctets)
  const encoded = encodePssMessage(digest, toBeSigned, salt, publicKey.bits)
  return Uint8Array.from(privateEncrypt({ key: privateKey, padding }, encoded))
}

/** The scalar is in memory in the clear for as long as it takes: the string that Node gives cannot be wiped. */
async function signByCurve(
  privateKey: KeyObject,
  digested: Uint8Array,
  random: Randomness,
): Promise<Uint8Array> {
  const curve = await curveNamed(privateKey.asymmetricKeyDetails?.namedCurve)
  const { d } = privateKey.export({ format: 'jwk' })
  if (curve === undefined || d === undefined) throw new TypeError('not a curve that signs here')
  const scalar = Uint8Array.fromBase64(d, { alphabet: 'base64url' })
  try {
    return curve.sign(digested, scalar, {
      ...{ prehash: false, lowS: false, format: 'der' },
      extraEntropy: random.bytes(scalar.length),
    })
  } finally {
    scalar.fill(0)
  }
}
