// SPDX-License-Identifier: Apache-2.0
import { accessMethods } from '#format/oids.ts'
import { type Certificate, encodeTbsCertificate } from '#format/x509/certificate.ts'
import { type Extension, encodeExtension, readExtension } from '#format/x509/extension.ts'
import { extensionCodecs } from '#format/x509/extensions/table.ts'
import { type SignatureAlgorithm, signatureAlgorithmFor } from '#trust/algorithms.ts'
import { lintCertificate } from '#trust/lint/lint.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import type { Refused } from '../refusal.ts'
import { keyIdentifier } from './draft.ts'

/** One root's key, to be certified by another root of the same name. */
export interface Link {
  /** The root whose key it will be: the new one for NewWithOld, the old one for OldWithNew. */
  readonly certified: Certificate
  /** The root whose key will sign. */
  readonly signer: Certificate
  /** Content octets of the INTEGER: positive, 9 to 20. */
  readonly serialNumber: Uint8Array
  /** Where the signer's list of revoked certificates is found; left out where it is nowhere. */
  readonly crlUrl?: string
  /** Where the signer's certificate is found. */
  readonly issuerUrl?: string
}

/** A link to be: exactly what is linted, booked and signed. */
export interface LinkDraft {
  readonly kind: 'link'
  readonly serialNumber: Uint8Array
  readonly notBefore: Temporal.Instant
  readonly notAfter: Temporal.Instant
  readonly toBeSigned: Uint8Array
  /** The one with which the signer's key signs. */
  readonly signatureAlgorithm: SignatureAlgorithm
}

/**
 * Drafts NewWithOld, or with the roots exchanged OldWithNew. Nothing is asked but the two certificates, so a
 * ceremony without any server drafts them as the server does; who signs `toBeSigned` is the caller's.
 *
 * Both roots have one name, to the byte: a name is the authority's, a key is what it has for a while. The link
 * says of the certified root what that says of itself, no longer than both live; from when on, says
 * RFC 9810: the time at which the certified key was made, however long before the signer's.
 *
 * @returns `lint-failed` with the rule that two roots cannot keep, such as `link-between-roots-of-one-name`
 * @see RFC 9810 section 4.4.1, RFC 7030 section 4.1.3
 */
export function draftLink(link: Link): LinkDraft | Refused {
  const { certified, signer, serialNumber } = link
  const key = importPublicKey(signer.publicKey)
  if ('kind' in key) return key
  const signatureAlgorithm = signatureAlgorithmFor(key.algorithm)
  const { notBefore } = certified
  const notAfter = earlier(certified.notAfter, signer.notAfter)
  const toBeSigned = encodeTbsCertificate({
    serialNumber,
    signatureAlgorithm: signatureAlgorithm.identifier,
    issuer: signer.subject,
    notBefore,
    notAfter,
    subject: certified.subject,
    publicKey: certified.publicKey.der,
    extensions: extensionsOf(link),
  })
  const flaw = lintCertificate(toBeSigned, signer, 'link').find(
    ({ severity }) => severity === 'error',
  )
  if (flaw !== undefined)
    return refuse('lint-failed', `${flaw.rule}: ${flaw.detail} (${flaw.source})`)
  return { kind: 'link', serialNumber, notBefore, notAfter, toBeSigned, signatureAlgorithm }
}

/** What a root says of itself and a link says otherwise. */
const replaced = (
  [
    'authorityInfoAccess',
    'authorityKeyIdentifier',
    'basicConstraints',
    'cRLDistributionPoints',
    'subjectKeyIdentifier',
  ] as const
).map((name) => extensionCodecs[name].oid)

function extensionsOf({ certified, signer, crlUrl, issuerUrl }: Link): readonly Extension[] {
  const pathLength = Math.min(pathLengthOf(certified), pathLengthOf(signer))
  return [
    encodeExtension('authorityKeyIdentifier', { keyIdentifier: identifierOf(signer) }),
    encodeExtension('subjectKeyIdentifier', identifierOf(certified)),
    encodeExtension('basicConstraints', {
      ca: true,
      ...(pathLength !== Infinity && { pathLength }),
    }),
    ...certified.extensions.filter(({ oid }) => !replaced.includes(oid)),
    ...(crlUrl === undefined
      ? []
      : [encodeExtension('cRLDistributionPoints', [{ fullName: [uri(crlUrl)] }])]),
    ...(issuerUrl === undefined
      ? []
      : [
          encodeExtension('authorityInfoAccess', [
            { method: accessMethods.caIssuers, location: uri(issuerUrl) },
          ]),
        ]),
  ]
}

function identifierOf({ extensions, publicKey }: Certificate): Uint8Array {
  return readExtension(extensions, 'subjectKeyIdentifier') ?? keyIdentifier(publicKey.der)
}

function pathLengthOf({ extensions }: Certificate): number {
  return readExtension(extensions, 'basicConstraints')?.pathLength ?? Infinity
}

function uri(value: string) {
  return { kind: 'uri', value } as const
}

function earlier(left: Temporal.Instant, right: Temporal.Instant): Temporal.Instant {
  return Temporal.Instant.compare(left, right) < 0 ? left : right
}
