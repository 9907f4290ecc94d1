// SPDX-License-Identifier: Apache-2.0
/** CMS SignedData of our own: what is to be signed, and what becomes of the signatures. RFC 5652 section 5. */

import { createHash } from 'node:crypto'
import { sameBytes } from '#format/bytes.ts'
import { encodeCommonAttributes } from '#format/cms/signed-attributes.ts'
import { encodeSignedData } from '#format/cms/signed-data.ts'
import { encodeSignedAttributes, type SignerInfo } from '#format/cms/signer-info.ts'
import type { Oid } from '#format/der/oid.ts'
import { FormatError } from '#format/format-error.ts'
import { attributes, contentTypes } from '#format/oids.ts'
import type { RequestAttribute } from '#format/x509/attribute.ts'
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { keyAlgorithms, signatureAlgorithms } from '../algorithms.ts'
import type { ArtefactSigner, SignatureWanted, Stamp } from '../artefact/form.ts'
import type { ArtefactRefused } from '../artefact/refusal.ts'
import type { DigestName } from '../digest-signature.ts'
import { importPublicKey } from '../public-key.ts'
import { refuse } from '../refusal.ts'
import { cmsDigestFor, cmsIdentifier, digestIdentifier } from './digests.ts'

/** What is signed: within the message, or elsewhere, so that its digests are enough. */
export type CmsContent =
  | { readonly kind: 'attached'; readonly bytes: Uint8Array }
  | { readonly kind: 'detached'; readonly digests: ReadonlyMap<DigestName, Uint8Array> }

export interface CmsWish {
  readonly content: CmsContent
  /** Absent: id-data, the only one that openssl, RAUC and SWUpdate make. */
  readonly contentType?: Oid
  readonly signers: readonly ArtefactSigner[]
  /** Says when it was signed, by the signer's own word; absent: it does not say. */
  readonly signingTime?: Temporal.Instant
  /** `left-out`: whoever checks it has them. Absent: all of them stand in the message. */
  readonly certificates?: 'left-out'
  /** More signed attributes, for each signer. */
  readonly attributesOf?: (certificate: Certificate, digest: DigestName) => RequestAttribute[]
}

export interface CmsPlan {
  readonly kind: 'cms-plan'
  /** One for each signer, in their order: the signed attributes, some 100 octets, never the content. */
  readonly wanted: readonly SignatureWanted[]
  /** DER of the ContentInfo. */
  finish(signatures: readonly Uint8Array[], stamp?: Stamp): Promise<Uint8Array>
}

/** The digests of the content that these signers need. */
export function digestsFor(signers: readonly ArtefactSigner[]): readonly DigestName[] {
  const names = signers.map(({ algorithm }) => cmsDigestFor(algorithm))
  return [...new Set(names.filter((name) => name !== undefined))]
}

/**
 * Plans a message with one SignerInfo for each signer and all of their certificates.
 *
 * Signed attributes stand in each (RFC 5652 section 5.3), so that the digest of the content is enough to sign it,
 * whatever the algorithm.
 *
 * @throws TypeError if a digest of detached content is missing that `digestsFor` names
 */
export function planCms(wish: CmsWish): CmsPlan | ArtefactRefused {
  const people = peopleOf(wish.signers)
  if ('reason' in people) return people
  const drafts = people.map((person) => draftFor(person, wish))
  return {
    kind: 'cms-plan',
    wanted: drafts.map(({ signer, toBeSigned }) => ({
      signer,
      over: 'message',
      bytes: toBeSigned,
    })),
    finish: async (signatures, stamp) => {
      const signers: SignerInfo[] = []
      for (const [index, draft] of drafts.entries()) {
        const signature = signatures[index]
        if (signature === undefined) throw new TypeError('a signature is missing')
        signers.push(await signed(draft, signature, stamp))
      }
      return encodeMessage(wish, drafts, signers)
    },
  }
}

interface Draft {
  readonly signer: ArtefactSigner
  readonly leaf: Certificate
  readonly digest: DigestName
  readonly info: SignerInfo
  readonly toBeSigned: Uint8Array
}

/** Whose signatures no CMS can have. */
export function refuseCmsSigners(signers: readonly ArtefactSigner[]): ArtefactRefused | undefined {
  const people = peopleOf(signers)
  return 'reason' in people ? people : undefined
}

type Person = Pick<Draft, 'signer' | 'leaf' | 'digest'>

function peopleOf(signers: readonly ArtefactSigner[]): readonly Person[] | ArtefactRefused {
  if (signers.length === 0) return refuse('artefact-choice-wrong', 'there is no signer')
  const people: Person[] = []
  for (const signer of signers) {
    const person = personOf(signer)
    if ('reason' in person) return person
    people.push(person)
  }
  const twice = people.find((person, index) =>
    people.slice(0, index).some(({ leaf }) => sameBytes(leaf.der, person.leaf.der)),
  )
  return twice === undefined
    ? people
    : refuse('artefact-choice-wrong', 'two signers show the same certificate')
}

function personOf(signer: ArtefactSigner): Person | ArtefactRefused {
  const algorithm = signatureAlgorithms[signer.algorithm]
  const digest = cmsDigestFor(signer.algorithm)
  if (digest === undefined)
    return refuse('artefact-signer-unfit', `no CMS is signed with ${signer.algorithm}`)
  const { publicKey } = signer
  if (!algorithm.keyOids.includes(keyAlgorithms[publicKey.algorithm].identifier.oid))
    return refuse(
      'artefact-signer-unfit',
      `${signer.algorithm} is not made with a key of ${publicKey.algorithm}`,
    )
  const leaf = leafOf(signer)
  if ('kind' in leaf) return leaf
  return { signer, leaf, digest }
}

function draftFor({ signer, leaf, digest }: Person, wish: CmsWish): Draft {
  const signedAttributes = [
    ...encodeCommonAttributes({
      contentType: wish.contentType ?? contentTypes.data,
      messageDigest: digestOf(wish.content, digest),
      signingTime: wish.signingTime?.round({ smallestUnit: 'second', roundingMode: 'floor' }),
    }),
    ...(wish.attributesOf?.(leaf, digest) ?? []),
  ]
  const info: SignerInfo = {
    signer: { kind: 'certificate', issuer: leaf.issuer, serialNumber: leaf.serialNumber },
    digestAlgorithm: digestIdentifier(digest),
    signedAttributes,
    signatureAlgorithm: cmsIdentifier(signatureAlgorithms[signer.algorithm]),
    signature: new Uint8Array(),
    unsignedAttributes: [],
  }
  const toBeSigned = encodeSignedAttributes(signedAttributes)
  return { signer, leaf, digest, info, toBeSigned }
}

/** A CMS names its signer by the certificate: so it has to be there, and be of this key. */
function leafOf({ chain, publicKey }: ArtefactSigner): Certificate | ArtefactRefused {
  const [der] = chain
  if (der === undefined)
    return refuse('artefact-signer-unfit', 'a CMS names its signer by a certificate; there is none')
  try {
    const leaf = parseCertificate(der, { unknownCritical: 'keep' })
    const key = importPublicKey(leaf.publicKey)
    return !('kind' in key) && sameBytes(key.fingerprint, publicKey.fingerprint)
      ? leaf
      : refuse('artefact-signer-unfit', "the signer's certificate is of another key")
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('artefact-signer-unfit', `the signer's certificate: ${error.message}`)
  }
}

function digestOf(content: CmsContent, name: DigestName): Uint8Array {
  if (content.kind === 'attached')
    return Uint8Array.from(createHash(name).update(content.bytes).digest())
  const digest = content.digests.get(name)
  if (digest === undefined) throw new TypeError(`the content's ${name} is missing`)
  return digest
}

async function signed(draft: Draft, signature: Uint8Array, stamp?: Stamp): Promise<SignerInfo> {
  if (stamp === undefined) return { ...draft.info, signature }
  const token = await stamp(signature)
  const unsignedAttributes = [{ type: attributes.timeStampToken, values: [token] }]
  return { ...draft.info, signature, unsignedAttributes }
}

function encodeMessage(
  { content, contentType = contentTypes.data, certificates: wanted }: CmsWish,
  drafts: readonly Draft[],
  signers: readonly SignerInfo[],
): Uint8Array {
  const certificates = new Map<string, Uint8Array>()
  for (const { signer } of wanted === 'left-out' ? [] : drafts)
    for (const der of signer.chain) certificates.set(der.toHex(), der)
  return encodeSignedData({
    digestAlgorithms: [...new Set(drafts.map(({ digest }) => digest))].map(digestIdentifier),
    contentType,
    content: content.kind === 'attached' ? content.bytes : undefined,
    certificates: [...certificates.values()],
    crls: [],
    signers,
  })
}
