// SPDX-License-Identifier: Apache-2.0
/** A time-stamp token of our own: what is to be signed, and what becomes of the signature. RFC 3161 section 2.4.2. */
import { encodeDer } from '#format/der/writer.ts'
import { attributes, contentTypes } from '#format/oids.ts'
import { encodeTstInfo, type TstInfo } from '#format/time-stamp/tst-info.ts'
import type { RequestAttribute } from '#format/x509/attribute.ts'
import type { ArtefactSigner } from '../artefact/form.ts'
import type { ArtefactRefused } from '../artefact/refusal.ts'
import { type CmsPlan, planCms } from '../cms/plan-cms.ts'
import { sha256 } from '../digest.ts'

export interface TimeStampWish {
  readonly info: TstInfo
  readonly signer: ArtefactSigner
  /** Whether its certificates stand in the token. RFC 3161 section 2.4.1: only where the request asks for them. */
  readonly withCertificates: boolean
}

/**
 * The certificate is named by its SHA-256 under the signature, so that no other of the same key can stand in its place.
 */
export function planTimeStamp(wish: TimeStampWish): CmsPlan | ArtefactRefused {
  const { info, signer, withCertificates } = wish
  return planCms({
    content: { kind: 'attached', bytes: encodeTstInfo(info) },
    contentType: contentTypes.timeStamp,
    signers: [signer],
    signingTime: info.genTime,
    attributesOf: ({ der }) => [encodeSigningCertificate(der)],
    ...(!withCertificates && { certificates: 'left-out' }),
  })
}

/** SigningCertificateV2 with one ESSCertIDv2 by SHA-256, its default. RFC 5035 sections 3 and 4. */
function encodeSigningCertificate(certificate: Uint8Array): RequestAttribute {
  const value = encodeDer((writer) =>
    writer.sequence(() =>
      writer.sequence(() => writer.sequence(() => writer.octets(sha256(certificate)))),
    ),
  )
  return { type: attributes.signingCertificateV2, values: [value] }
}
