// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '#format/archive/byte-source.ts'
import { parseSignedData, type SignedData } from '#format/cms/signed-data.ts'
import { limits } from '#format/der/budget.ts'
import { FormatError } from '#format/format-error.ts'
import { cmsAnatomy } from '#trust/cms/anatomy.ts'
import { cmsAlgorithms } from '#trust/cms/digests.ts'
import type { Anatomy, ArtefactForm } from '../form.ts'
import { readWhole } from '../read-source.ts'
import { refusingFormat } from '../refusal.ts'
import { type CmsOptions, cmsOptions } from './options.ts'
import { planDetachedCms, refuseDetachedCms } from './plan.ts'
import { verifyDetachedCms } from './verify.ts'

/** A CMS beside any file, as `openssl cms -sign -binary` makes it. */
export const cmsForm: ArtefactForm<CmsOptions> = {
  name: 'cms',
  title: 'detached CMS',
  place: 'detached',
  algorithms: cmsAlgorithms,
  options: cmsOptions,
  needsAll: undefined,
  recognise,
  refuse: refuseDetachedCms,
  plan: planDetachedCms,
  verify: (source, trust, beside) =>
    refusingFormat(async () => verifyDetachedCms(await readMessage(source), trust, beside)),
  inspect,
}

async function readMessage(source: ByteSource): Promise<SignedData> {
  return parseSignedData(await readWhole(source, limits.signedData.maxBytes), { order: 'any' })
}

/** A message over something else: one that brings its content is of another form. */
async function recognise(source: ByteSource): Promise<boolean> {
  // A SEQUENCE of a long length, and an OID of nine octets: little is read of what is something else.
  const head = await source.read(0, 24)
  if (head[0] !== 0x30 || !head.toHex().includes('06092a864886f70d010702')) return false
  try {
    return (await readMessage(source)).content === undefined
  } catch (error) {
    if (error instanceof FormatError) return false
    throw error
  }
}

async function inspect(source: ByteSource): Promise<Anatomy> {
  try {
    const message = await readMessage(source)
    const octets = source.size ?? (await readWhole(source, limits.signedData.maxBytes)).length
    return { title: 'detached CMS', parts: cmsAnatomy(message, 0, octets) }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    const what = `cannot be read: ${error.message}`
    const octets = source.size ?? 0
    return {
      title: 'detached CMS, damaged',
      parts: [{ name: 'CMS', offset: 0, octets, what, facts: [] }],
    }
  }
}
