// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '#format/archive/byte-source.ts'
import type { SignedData } from '#format/cms/signed-data.ts'
import { findDigest } from '#trust/cms/digests.ts'
import { verifyCms } from '#trust/cms/verify-cms.ts'
import { refuse } from '#trust/refusal.ts'
import { conclude } from '../conclude.ts'
import { digestsOf } from '../read-source.ts'
import type { ArtefactRefused } from '../refusal.ts'
import type { DeviceTrust, Verdict } from '../verdict.ts'

/**
 * Judges a CMS over the file beside it. It says no version: a device with a counter does not take it alone.
 *
 * A signer whom the device does not believe is passed over as long as another is, so that old and new keys can sign.
 */
export async function verifyDetachedCms(
  message: SignedData,
  trust: DeviceTrust,
  beside: ByteSource | undefined,
): Promise<Verdict | ArtefactRefused> {
  if (message.content !== undefined)
    return refuse('artefact-of-another-form', 'the CMS brings its content: it is not detached')
  if (beside === undefined)
    return refuse('artefact-choice-wrong', 'a detached CMS says nothing without the file')
  const names = message.signers.flatMap((info) => findDigest(info.digestAlgorithm) ?? [])
  const digests = await digestsOf(beside, [...new Set([...names, 'sha256' as const])])
  const digestOf = async (name: (typeof names)[number]) => {
    const digest = digests.get(name)
    if (digest === undefined) throw new TypeError(`the file's ${name} is missing`)
    return digest
  }
  const proved = await verifyCms(message, digestOf, trust, { unknownSigners: 'skipped' })
  if (proved.kind === 'refused') return proved
  const covers = [{ name: 'content', sha256: await digestOf('sha256') }]
  const { signers } = proved
  return conclude({ signers, version: undefined, securityVersion: undefined, covers }, trust)
}
