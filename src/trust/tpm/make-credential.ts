// SPDX-License-Identifier: Apache-2.0
import {
  constants,
  createCipheriv,
  createECDH,
  createHmac,
  type KeyObject,
  publicEncrypt,
} from 'node:crypto'
import { concatBytes } from '#format/bytes.ts'
import { curves, hashOctets, type TpmCurve } from '#format/tpm/algorithms.ts'
import {
  encodeEccPoint,
  encodeEncryptedSecret,
  encodeIdObject,
} from '#format/tpm/structure/credential.ts'
import type { TpmEccPublic, TpmPublic, TpmRsaPublic } from '#format/tpm/structure/public.ts'
import type { Symmetric } from '#format/tpm/structure/scheme.ts'
import { encodeSpki, padCoordinate } from '#format/tpm/structure/spki.ts'
import { encodeTpm } from '#format/tpm/writer.ts'
import { importPublicKey } from '../public-key.ts'
import { type Refused, refuse } from '../refusal.ts'
import { attributesFault } from './attributes.ts'
import { deriveByHash, deriveByHmac } from './derive.ts'
import { isNamedWeakly } from './name.ts'
import type { TpmRefusal } from './refusal.ts'

export interface CredentialWish {
  /** Whose TPM shall open it. That the key is genuine is for the caller to know. */
  readonly endorsementKey: TpmPublic
  /** The Name of the key that must be in the same TPM for it to open. */
  readonly name: Uint8Array
  /** At least one octet, and at most a digest of the endorsement key's name. */
  readonly secret: Uint8Array
  readonly random: { bytes(count: number): Uint8Array }
}

export interface Credential {
  readonly kind: 'credential'
  /** TPM2B_ID_OBJECT. */
  readonly blob: Uint8Array
  /** TPM2B_ENCRYPTED_SECRET. */
  readonly encryptedSecret: Uint8Array
}

/**
 * Seals a secret so that one TPM alone can open it, and only while the key of that Name is loaded in it.
 *
 * @see TPM 2.0 Library Part 1 section 24, Part 3 section 12.6 (TPM2_MakeCredential)
 */
export function makeCredential(wish: CredentialWish): Credential | Refused<TpmRefusal> {
  const { endorsementKey, name, secret, random } = wish
  const fit = fitForSealing(endorsementKey)
  if (fit.kind === 'refused') return fit
  const hash = endorsementKey.nameAlgorithm
  const most = hashOctets[hash]
  if (secret.length === 0 || secret.length > most)
    throw new TypeError(`a secret of ${secret.length} octets, 1 to ${most} can be sealed`)
  const { seed, encrypted } =
    endorsementKey.type === 'rsa'
      ? sealSeedByRsa(endorsementKey, fit.keyObject, random.bytes(most))
      : agreeSeed(endorsementKey)
  const none = new Uint8Array()
  const { bits } = fit.symmetric
  const cipherKey = deriveByHmac(seed, {
    hash,
    label: 'STORAGE',
    contextU: name,
    contextV: none,
    bits,
  })
  const sized = encodeTpm((writer) => writer.sized(secret))
  const encryptedIdentity = encryptFeedback(cipherKey, sized)
  const macKey = deriveByHmac(seed, {
    hash,
    label: 'INTEGRITY',
    contextU: none,
    contextV: none,
    bits: most * 8,
  })
  const integrity = new Uint8Array(
    createHmac(hash, macKey).update(encryptedIdentity).update(name).digest(),
  )
  return {
    kind: 'credential',
    blob: encodeIdObject({ integrity, encryptedIdentity }),
    encryptedSecret: encodeEncryptedSecret(encrypted),
  }
}

interface Fit {
  readonly kind: 'fit'
  readonly symmetric: Symmetric
  readonly keyObject: KeyObject
}

/** A key that any program could make decipher would give the secret to any program. */
function fitForSealing(key: TpmPublic): Fit | Refused<TpmRefusal> {
  const fault = attributesFault(key.attributes, endorsementAttributes)
  if (fault !== undefined) return refuse('endorsement-key-unfit', `the endorsement key ${fault}`)
  // Its digest is shorter than the secrets that are sealed, and no template of makers asks for it.
  if (isNamedWeakly(key))
    return refuse('endorsement-key-unfit', 'the endorsement key has a Name by SHA-1')
  if (key.symmetric === undefined)
    return refuse('endorsement-key-unfit', 'the endorsement key names no cipher')
  const imported = importPublicKey(encodeSpki(key))
  if ('kind' in imported) return refuse('endorsement-key-unfit', imported.detail)
  return { kind: 'fit', symmetric: key.symmetric, keyObject: imported.keyObject }
}

/** TCG EK Credential Profile 2.5 section B.3: what every default template sets. */
const endorsementAttributes = {
  set: ['fixedTPM', 'fixedParent', 'sensitiveDataOrigin', 'restricted', 'decrypt'],
  clear: ['sign'],
} as const

interface Seeded {
  readonly seed: Uint8Array
  /** What the TPM makes the seed of. */
  readonly encrypted: Uint8Array
}

/** Part 1 section B.10.4: OAEP by the hash of the key's Name, with a label that ends in a zero octet. */
function sealSeedByRsa({ nameAlgorithm }: TpmRsaPublic, key: KeyObject, seed: Uint8Array): Seeded {
  const padding = constants.RSA_PKCS1_OAEP_PADDING
  const oaepLabel = new TextEncoder().encode('IDENTITY\0')
  const encrypted = publicEncrypt({ key, padding, oaepHash: nameAlgorithm, oaepLabel }, seed)
  return { seed, encrypted: new Uint8Array(encrypted) }
}

const opensslCurves: Readonly<Record<TpmCurve, string>> = {
  'p-256': 'prime256v1',
  'p-384': 'secp384r1',
  'p-521': 'secp521r1',
}

/** Part 1 section C.6.4: a shared point with an ephemeral key, of which both x-coordinates take part. */
function agreeSeed(key: TpmEccPublic): Seeded {
  const { octets } = curves[key.curve]
  const exchange = createECDH(opensslCurves[key.curve])
  const point = new Uint8Array(exchange.generateKeys())
  const [x, y] = [point.slice(1, 1 + octets), point.slice(1 + octets)]
  const other = new Uint8Array(1 + 2 * octets)
  other[0] = 4
  other.set(padCoordinate(key.x, octets), 1)
  other.set(padCoordinate(key.y, octets), 1 + octets)
  const seed = deriveByHash(new Uint8Array(exchange.computeSecret(other)), {
    hash: key.nameAlgorithm,
    label: 'IDENTITY',
    contextU: x,
    // As the TPM keeps it, leading zeros or not.
    contextV: key.x,
    bits: hashOctets[key.nameAlgorithm] * 8,
  })
  return { seed, encrypted: encodeEccPoint({ x, y }) }
}

/** Part 1 section 24.4: AES in CFB mode from a zero vector; the key is fresh for each credential. */
function encryptFeedback(key: Uint8Array, plain: Uint8Array): Uint8Array {
  const cipher = createCipheriv(`aes-${key.length * 8}-cfb`, key, new Uint8Array(16))
  return concatBytes([cipher.update(plain), cipher.final()])
}
