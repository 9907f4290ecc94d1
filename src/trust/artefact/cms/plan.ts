// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '#format/archive/byte-source.ts'
import { digestsFor, planCms, refuseCmsSigners } from '#trust/cms/plan-cms.ts'
import { type DigestName, digestOctets } from '#trust/digest-signature.ts'
import { refuse } from '#trust/refusal.ts'
import type { ArtefactSigner, SigningPlan } from '../form.ts'
import { isHexOf } from '../hex.ts'
import { digestsOf } from '../read-source.ts'
import type { ArtefactRefused } from '../refusal.ts'
import { readInstant } from '../signing-time.ts'
import type { CmsOptions } from './options.ts'

/** Plans a CMS over a file, or over one of which only the digests are known (the source is empty then). */
export async function planDetachedCms(
  source: ByteSource,
  { signedAt, digests: given }: CmsOptions,
  signers: readonly ArtefactSigner[],
): Promise<SigningPlan | ArtefactRefused> {
  const time = readInstant(signedAt)
  if (time !== undefined && 'reason' in time) return time
  const digests = await digestsFrom(source, given, digestsFor(signers))
  if ('reason' in digests) return digests
  const plan = planCms({
    content: { kind: 'detached', digests },
    signers,
    ...(time === undefined ? {} : { signingTime: time }),
  })
  if (plan.kind === 'refused') return plan
  return {
    kind: 'plan',
    form: 'cms',
    wanted: plan.wanted,
    finish: async (signatures, stamp) => [await plan.finish(signatures, stamp)],
  }
}

/** Who has no certificate to be named by, or a key that no CMS knows. */
export function refuseDetachedCms(
  _: CmsOptions,
  signers: readonly ArtefactSigner[],
): ArtefactRefused | undefined {
  return refuseCmsSigners(signers)
}

type Digests = ReadonlyMap<DigestName, Uint8Array>

async function digestsFrom(
  source: ByteSource,
  given: readonly string[] | undefined,
  needed: readonly DigestName[],
): Promise<Digests | ArtefactRefused> {
  if (given === undefined) return await digestsOf(source, needed)
  if ((await source.read(0, 1)).length > 0)
    return refuse('artefact-choice-wrong', 'a file that is here has the digests that it has')
  const read = new Map<DigestName, Uint8Array>()
  for (const text of given) {
    const [name = '', hex = ''] = text.split(':', 2)
    if (!isDigestName(name) || !isHexOf(hex, digestOctets[name]))
      return refuse('artefact-choice-wrong', `"${text.slice(0, 80)}" is no digest as sha256:HEX`)
    read.set(name, Uint8Array.fromHex(hex))
  }
  const missing = needed.find((name) => !read.has(name))
  return missing === undefined
    ? read
    : refuse('artefact-choice-wrong', `a signer needs the ${missing} of the file`)
}

function isDigestName(name: string): name is DigestName {
  return Object.hasOwn(digestOctets, name)
}
