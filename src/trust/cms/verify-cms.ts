// SPDX-License-Identifier: Apache-2.0
/** Whether a device believes a CMS SignedData. RFC 5652 section 5.6. */
import type { SignedData } from '#format/cms/signed-data.ts'
import type { SignerInfo } from '#format/cms/signer-info.ts'
import type { Oid } from '#format/der/oid.ts'
import { attributes, contentTypes } from '#format/oids.ts'
import { judgeSigner } from '../artefact/judge-signer.ts'
import type { ArtefactRefused } from '../artefact/refusal.ts'
import type { DeviceTrust, ProvedSigner } from '../artefact/verdict.ts'
import { refuse } from '../refusal.ts'
import { verifyTimeStamp } from '../time-stamp/verify-time-stamp.ts'
import {
  type DigestOf,
  type HeldSignature,
  holdSignature,
  readCertificates,
} from './hold-signature.ts'

export interface CmsRules {
  /** Absent: id-data. */
  readonly contentType?: Oid
  /**
   * What becomes of a signer whose signature holds and whom the device does not believe: `refused`, as OpenSSL and
   * RAUC do; `skipped` as long as another one is believed, as SWUpdate does, so that a fleet can be signed for with
   * an old and a new key.
   */
  readonly unknownSigners: 'refused' | 'skipped'
}

export interface ProvedCms {
  readonly kind: 'proved'
  /** At least one. */
  readonly signers: readonly CmsSigner[]
}

export interface CmsSigner extends ProvedSigner {
  /** By the signer's own word. */
  readonly signingTime: Temporal.Instant | undefined
}

/**
 * Checks every signature, and whose it is.
 *
 * Signed attributes have to be there: without them, what was signed as attributes could be shown as content
 * (RFC 5652 section 11.1 asks for them, but where the content is id-data).
 *
 * @returns the first reason why a signature does not hold or a signer is not believed
 */
export async function verifyCms(
  message: SignedData,
  digestOf: DigestOf,
  trust: DeviceTrust,
  rules: CmsRules,
): Promise<ProvedCms | ArtefactRefused> {
  const contentType = rules.contentType ?? contentTypes.data
  if (message.contentType !== contentType)
    return refuse(
      'artefact-of-another-form',
      `the CMS is over content of type ${message.contentType}, not ${contentType}`,
    )
  if (message.signers.length === 0)
    return refuse('artefact-not-signed', 'the CMS holds no signature')
  if (message.signers.length > mostSigners)
    return refuse(
      'artefact-malformed',
      `${message.signers.length} signers, at most ${mostSigners} are looked at`,
    )
  const certificates = readCertificates(message.certificates)
  const proved: CmsSigner[] = []
  let passedOver: ArtefactRefused | undefined
  for (const info of message.signers) {
    const held = await holdSignature(info, contentType, certificates, digestOf)
    if (held.kind === 'refused') return held
    const stamped = await withStamp(held, info, trust)
    if (stamped.kind === 'refused') return stamped
    const one = await judgeSigner(stamped, trust)
    if (!('reason' in one)) proved.push({ ...one, signingTime: held.claimedAt })
    else if (rules.unknownSigners === 'refused') return one
    else passedOver ??= one
  }
  return proved.length > 0
    ? { kind: 'proved', signers: proved }
    : (passedOver ?? refuse('artefact-not-signed', 'the CMS holds no signature'))
}

/** Each costs a signature and a path; a release has two or three. */
const mostSigners = 8

/**
 * The moment of its time-stamp, where it bears one and the device looks at any. One that is wrong is refused: it was put
 * there to be believed.
 */
async function withStamp(
  held: HeldSignature,
  { signature, unsignedAttributes }: SignerInfo,
  { stampRoots }: DeviceTrust,
): Promise<HeldSignature | ArtefactRefused> {
  const found = unsignedAttributes.find(({ type }) => type === attributes.timeStampToken)
  if (found === undefined || stampRoots.length === 0) return held
  const [token, ...more] = found.values
  if (token === undefined || more.length > 0)
    return refuse('artefact-stamp-wrong', `${found.values.length} time-stamps beside a signature`)
  const stamp = await verifyTimeStamp({
    token,
    over: signature,
    roots: stampRoots,
    others: held.chain,
  })
  return stamp.kind === 'refused' ? stamp : { ...held, stampedAt: stamp.at }
}
