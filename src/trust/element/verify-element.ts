// SPDX-License-Identifier: Apache-2.0
import { verify } from 'node:crypto'
import { sameBytes } from '#format/bytes.ts'
import { type ManifestElement, parseElement } from '#format/element-manifest/element.ts'
import type { SignedElement } from '#format/element-manifest/signed-element.ts'
import { FormatError } from '#format/format-error.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import { sha256 } from '../digest.ts'
import type { PublicKey } from '../public-key.ts'
import { refuse } from '../refusal.ts'
import { importSoundKey } from '../sound-key.ts'

/** Who signed a manifest, on an administrator's word. */
export interface ManifestSigner {
  readonly certificateSha256: Uint8Array
  readonly publicKey: PublicKey
}

/** Why an element is not taken: what is not genuine, and what cannot be read. */
export type ElementRefused = {
  readonly kind: 'refused'
  readonly reason: 'element-not-genuine' | 'element-malformed' | 'manifest-signer-wrong'
  readonly detail: string
}

/** A key of an element, ready to be known. */
export interface ElementKey {
  readonly slot: string
  readonly publicKey: PublicKey
  /** That of the key, then those above it; the first is of this key. */
  readonly certificates: readonly Certificate[]
}

export interface GenuineElement {
  readonly kind: 'genuine'
  readonly element: ManifestElement
  readonly keys: readonly ElementKey[]
}

/**
 * Whose signature a manifest has to bear. Its expiry is not judged: what it signed on the day of provisioning stays
 * true, and the administrator who names it decides.
 */
export function manifestSigner(certificate: Certificate): ManifestSigner | ElementRefused {
  const publicKey = importSoundKey(certificate.publicKey)
  if ('kind' in publicKey) return refuse('manifest-signer-wrong', publicKey.detail)
  if (publicKey.algorithm !== 'p-256')
    return refuse(
      'manifest-signer-wrong',
      `the signer has a key of ${publicKey.algorithm}; manifests are signed with P-256`,
    )
  const keyUsage = readExtension(certificate.extensions, 'keyUsage')
  if (keyUsage !== undefined && !keyUsage.includes('digitalSignature'))
    return refuse('manifest-signer-wrong', `the signer's keyUsage is ${keyUsage.join(', ')}`)
  return { certificateSha256: sha256(certificate.der), publicKey }
}

/**
 * Whether the signer vouches for an element, and whether what it says of it holds together: the signed identifier is
 * the one outside, each key is sound, and each certificate is of its key. Whether a chain leads to a maker's root is
 * asked elsewhere.
 */
export function verifyElement(
  signed: SignedElement,
  signer: ManifestSigner,
): GenuineElement | ElementRefused {
  if (!sameBytes(signed.signerSha256, signer.certificateSha256))
    return refuse(
      'element-not-genuine',
      `it was signed by ${shortOf(signed.signerSha256)}, the signer that was named is ${shortOf(signer.certificateSha256)}`,
    )
  const key = { key: signer.publicKey.keyObject, dsaEncoding: 'ieee-p1363' } as const
  if (!verify('sha256', signed.toBeSigned, key, signed.signature))
    return refuse('element-not-genuine', 'the signer did not sign this')
  const read = readElement(signed)
  if (read.kind !== 'read') return read
  const { element } = read
  if (element.uniqueId !== signed.uniqueId)
    return refuse(
      'element-not-genuine',
      `the header says ${signed.uniqueId}, the signed payload ${element.uniqueId}`,
    )
  const keys: ElementKey[] = []
  for (const { slot, publicKey: spki, certificates } of element.keys) {
    const publicKey = importSoundKey(spki)
    if ('kind' in publicKey)
      return refuse('element-malformed', `key ${slot}: ${publicKey.detail} (${publicKey.reason})`)
    const [own] = certificates
    if (own !== undefined && !isOfKey(own, publicKey))
      return refuse('element-not-genuine', `key ${slot}: its certificate is of another key`)
    keys.push({ slot, publicKey, certificates })
  }
  return { kind: 'genuine', element, keys }
}

function readElement({ payload }: SignedElement) {
  try {
    return { kind: 'read', element: parseElement(payload) } as const
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('element-malformed', error.message)
  }
}

function isOfKey({ publicKey }: Certificate, key: PublicKey): boolean {
  const certified = importSoundKey(publicKey)
  return !('kind' in certified) && sameBytes(certified.fingerprint, key.fingerprint)
}

function shortOf(digest: Uint8Array): string {
  return `${digest.subarray(0, 8).toHex()}…`
}
