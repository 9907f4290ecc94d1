// SPDX-License-Identifier: Apache-2.0
/** A private key on its way to the one who is to have it: signed by who made it, then sealed. RFC 7030 section 4.4.2. */
import {
  constants,
  createCipheriv,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hash,
  type KeyObject,
  publicEncrypt,
} from 'node:crypto'
import { encodeEnvelopedData, type RecipientInfo } from '#format/cms/enveloped-data.ts'
import { encodeKeyPackage } from '#format/cms/key-package.ts'
import { encodeBareSignedData } from '#format/cms/signed-data.ts'
import { encodeSignedAttributes } from '#format/cms/signer-info.ts'
import { encodeDer } from '#format/der/writer.ts'
import { algorithms, attributes, contentTypes } from '#format/oids.ts'
import { encodeAlgorithmIdentifier } from '#format/x509/algorithm-identifier.ts'
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { findKeyAlgorithm, signatureAlgorithmFor } from './algorithms.ts'
import { encodePrivateKey, type KeyPair, sign } from './private-key.ts'
import { type Refused, refuse } from './refusal.ts'

/** Who made the key, and answers for it. */
export interface KeyMaker {
  readonly pair: KeyPair
  /** DER, leaf first. */
  readonly chain: readonly Uint8Array[]
}

type Way = (typeof ways)[keyof typeof ways]

const ways = {
  'key-transport': { usage: 'keyEncipherment', seal: transportKey },
  'key-agreement': { usage: 'keyAgreement', seal: agreeOnKey },
} as const

/** A certificate that a key can be sealed to; only `sealableTo` makes one. */
class Sealable {
  readonly #madeHere = true
  readonly certificate: Certificate
  readonly way: Way

  constructor(certificate: Certificate, way: Way) {
    this.certificate = certificate
    this.way = way
    void this.#madeHere
  }
}
export type SealRecipient = Sealable

/**
 * Whether a key may be sealed to this certificate: RSA that enciphers keys, or a NIST curve that agrees on keys, or
 * either of them without any key usage. Its path and its time are not looked at.
 *
 * @see RFC 7030 section 4.4.1.2
 */
export function sealableTo(
  certificate: Certificate,
): { readonly kind: 'sealable'; readonly recipient: SealRecipient } | Refused {
  const row = findKeyAlgorithm(certificate.publicKey.algorithm)
  const way =
    // A key of id-RSASSA-PSS signs and does nothing else (RFC 4055 section 1.2).
    row?.identifier.oid === algorithms.rsaEncryption
      ? ways['key-transport']
      : row?.canonical === 'affine-point'
        ? ways['key-agreement']
        : undefined
  if (way === undefined)
    return refuse(
      'certificate-wrong-purpose',
      `nothing can be sealed to a key of type ${certificate.publicKey.algorithm.oid}, only to rsa and elliptic ones`,
    )
  const usage = readExtension(certificate.extensions, 'keyUsage')
  if (usage !== undefined && !usage.includes(way.usage))
    return refuse(
      'certificate-wrong-purpose',
      `the certificate allows ${usage.join(', ')}; to seal to it, ${way.usage} is needed`,
    )
  return { kind: 'sealable', recipient: new Sealable(certificate, way) }
}

/**
 * The key as EnvelopedData with SignedData with AsymmetricKeyPackage: AES-256-CBC under a key that goes by RSA-OAEP
 * with SHA-256, or by ephemeral ECDH (RFC 5753: stdDH, SHA-256 KDF, AES-256 key wrap).
 *
 * @returns DER of the ContentInfo; nothing in it is secret any more
 */
export async function sealPrivateKey(
  privateKey: KeyObject,
  { certificate, way }: SealRecipient,
  maker: KeyMaker,
  random: { bytes(count: number): Uint8Array },
): Promise<Uint8Array> {
  const pkcs8 = encodePrivateKey(privateKey)
  const keyPackage = encodeKeyPackage([pkcs8])
  const signed = await signContent(keyPackage, maker)
  const contentKey = random.bytes(32)
  const iv = random.bytes(16)
  try {
    const cipher = createCipheriv('aes-256-cbc', contentKey, iv)
    const encryptedContent = joined(cipher.update(signed), cipher.final())
    return encodeEnvelopedData({
      recipient: way.seal(certificate, contentKey),
      contentType: contentTypes.signedData,
      contentEncryption: encodeAlgorithmIdentifier(
        algorithms.aes256Cbc,
        encodeDer((writer) => writer.octets(iv)),
      ),
      encryptedContent,
    })
  } finally {
    for (const secret of [pkcs8, keyPackage, signed, contentKey]) secret.fill(0)
  }
}

/** SignedData without ContentInfo around it: the type stands in the envelope (RFC 5652 6.1). */
async function signContent(content: Uint8Array, { pair, chain }: KeyMaker): Promise<Uint8Array> {
  const [leaf] = chain
  if (leaf === undefined) throw new TypeError('who makes keys has a certificate')
  const algorithm = signatureAlgorithmFor(pair.publicKey.algorithm)
  // RFC 8419 section 3, RFC 9882 section 3.3: SHA-512 where the signature brings no digest of its own.
  const digest = algorithm.digest ?? 'sha512'
  const digestAlgorithm = encodeAlgorithmIdentifier(algorithms[digest])
  const digested = Uint8Array.fromHex(hash(digest, content, 'hex'))
  const signedAttributes = [
    {
      type: attributes.contentType,
      values: [encodeDer((writer) => writer.oid(contentTypes.keyPackage))],
    },
    { type: attributes.messageDigest, values: [encodeDer((writer) => writer.octets(digested))] },
  ]
  const signature = await sign(pair.privateKey, algorithm, encodeSignedAttributes(signedAttributes))
  const { issuer, serialNumber } = parseCertificate(leaf)
  return encodeBareSignedData({
    digestAlgorithms: [digestAlgorithm],
    contentType: contentTypes.keyPackage,
    content,
    certificates: chain,
    crls: [],
    signers: [
      {
        signer: { kind: 'certificate', issuer, serialNumber },
        ...{ digestAlgorithm, signedAttributes, signature, unsignedAttributes: [] },
        signatureAlgorithm: algorithm.identifier,
      },
    ],
  })
}

const oaepParameters = encodeDer((writer) => {
  const sha256 = encodeAlgorithmIdentifier(algorithms.sha256)
  const mgf1 = encodeAlgorithmIdentifier(algorithms.mgf1, sha256.der)
  writer.sequence(() => {
    writer.context(0, () => writer.raw(sha256.der))
    writer.context(1, () => writer.raw(mgf1.der))
  })
})

/** RFC 5652 section 6.2.1 with RFC 4055 section 4.1; PKCS #1 v1.5 would be an oracle for its device. */
function transportKey(certificate: Certificate, contentKey: Uint8Array): RecipientInfo {
  const key = publicKeyOf(certificate.publicKey.der)
  const padding = constants.RSA_PKCS1_OAEP_PADDING
  const encryptedKey = publicEncrypt({ key, padding, oaepHash: 'sha256' }, contentKey)
  return {
    kind: 'key-transport',
    recipient: certificate,
    keyEncryption: encodeAlgorithmIdentifier(algorithms.rsaesOaep, oaepParameters),
    encryptedKey: Uint8Array.from(encryptedKey),
  }
}

/** RFC 5753 section 3.1: a point for this message alone on the recipient's curve, and no user keying material. */
function agreeOnKey(certificate: Certificate, contentKey: Uint8Array): RecipientInfo {
  const recipientKey = publicKeyOf(certificate.publicKey.der)
  const namedCurve = recipientKey.asymmetricKeyDetails?.namedCurve
  if (namedCurve === undefined) throw new TypeError('an elliptic key has a named curve')
  const ephemeral = generateKeyPairSync('ec', { namedCurve })
  const shared = diffieHellman({ privateKey: ephemeral.privateKey, publicKey: recipientKey })
  const wrapping = deriveWrappingKey(shared)
  const wrap = createCipheriv('id-aes256-wrap', wrapping, wrapStart)
  const encryptedKey = joined(wrap.update(contentKey), wrap.final())
  shared.fill(0)
  wrapping.fill(0)
  const spki = ephemeral.publicKey.export({ format: 'der', type: 'spki' })
  const { algorithm, key } = parseSubjectPublicKeyInfo(Uint8Array.from(spki))
  return {
    kind: 'key-agreement',
    recipient: certificate,
    ...{ originatorAlgorithm: algorithm, originatorKey: key, encryptedKey },
    keyEncryption: encodeAlgorithmIdentifier(algorithms.ecdhSha256Kdf, keyWrap.der),
  }
}

/** RFC 3394 section 2.2.3.1. */
const wrapStart = Uint8Array.fromHex('a6a6a6a6a6a6a6a6')
const keyWrap = encodeAlgorithmIdentifier(algorithms.aes256Wrap)

/** ECC-CMS-SharedInfo of RFC 5753 section 7.2: which wrap, and its 256 bits. */
const sharedInfo = encodeDer((writer) => {
  writer.sequence(() => {
    writer.raw(keyWrap.der)
    writer.context(2, () => writer.octets(Uint8Array.of(0, 0, 1, 0)))
  })
})

/** The KDF of ANSI X9.63 with SHA-256, one round: 32 octets (SEC 1 section 3.6.1). */
function deriveWrappingKey(shared: Uint8Array): Uint8Array {
  const input = joined(shared, Uint8Array.of(0, 0, 0, 1), sharedInfo)
  const key = Uint8Array.fromHex(hash('sha256', input, 'hex'))
  input.fill(0)
  return key
}

function publicKeyOf(spki: Uint8Array): KeyObject {
  return createPublicKey({ key: spki, format: 'der', type: 'spki' })
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
