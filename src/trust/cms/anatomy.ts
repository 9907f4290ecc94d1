// SPDX-License-Identifier: Apache-2.0
/** What a CMS is made of, as people look at it; nothing is checked. */
import { readCommonAttributes } from '#format/cms/signed-attributes.ts'
import type { SignedData } from '#format/cms/signed-data.ts'
import type { SignerInfo } from '#format/cms/signer-info.ts'
import { FormatError } from '#format/format-error.ts'
import { attributes } from '#format/oids.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { formatName } from '#format/x509/name.ts'
import type { AnatomyPart } from '#trust/artefact/form.ts'
import { findCmsAlgorithm, findDigest } from './digests.ts'

type Fact = readonly [string, string]

/** @param offset where the CMS begins in the file */
export function cmsAnatomy(
  message: SignedData,
  offset: number,
  octets: number,
): readonly AnatomyPart[] {
  const { signers, certificates } = message
  const count = signers.length === 1 ? 'one signature' : `${signers.length} signatures`
  const what = `${count} over ${message.content === undefined ? 'what lies elsewhere' : 'what is in it'}`
  return [
    { name: 'CMS', offset, octets, what, facts: [] },
    ...signers.map((info, index) => ({
      ...{ name: `signer ${index + 1}`, offset: undefined, octets: info.signature.length },
      what: `signed by ${algorithmOf(info)}`,
      facts: factsOf(info),
    })),
    ...certificates.map((der, index) => ({
      ...{ name: `certificate ${index + 1}`, offset: undefined, octets: der.length },
      ...described(der),
    })),
  ]
}

function algorithmOf({ digestAlgorithm, signatureAlgorithm }: SignerInfo): string {
  const digest = findDigest(digestAlgorithm)
  const row = digest && findCmsAlgorithm(signatureAlgorithm, digest)?.row
  return row?.name ?? `algorithm ${signatureAlgorithm.oid}`
}

function factsOf(info: SignerInfo): readonly Fact[] {
  const { signer } = info
  const named: readonly Fact[] =
    signer.kind === 'key'
      ? [['key identifier', signer.keyIdentifier.toHex()]]
      : [
          ['issuer', formatName(signer.issuer)],
          ['serial number', signer.serialNumber.toHex()],
        ]
  const stamped = info.unsignedAttributes.some(({ type }) => type === attributes.timeStampToken)
  return [...named, ...attributeFacts(info), ['time-stamp', stamped ? 'there is one' : 'none']]
}

function attributeFacts({ signedAttributes }: SignerInfo): readonly Fact[] {
  try {
    const { signingTime, messageDigest } = readCommonAttributes(signedAttributes)
    const time = signingTime === undefined ? 'not said' : `${signingTime}, by its own word`
    return [
      ['signing time', time],
      ['digest', messageDigest.toHex()],
    ]
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return [['attributes', `do not read: ${error.message}`]]
  }
}

function described(der: Uint8Array): { readonly what: string; readonly facts: readonly Fact[] } {
  try {
    const { subject, notBefore, notAfter } = parseCertificate(der, { unknownCritical: 'keep' })
    return { what: formatName(subject), facts: [['valid', `${notBefore} to ${notAfter}`]] }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return { what: `does not read: ${error.message}`, facts: [] }
  }
}
