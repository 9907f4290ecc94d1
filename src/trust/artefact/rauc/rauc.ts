// SPDX-License-Identifier: Apache-2.0
import type { ArchiveTools } from '#format/archive/archive.ts'
import type { ByteSource } from '#format/archive/byte-source.ts'
import { isSquashfs } from '#format/archive/squashfs-superblock.ts'
import { parseRaucBundle } from '#format/firmware/bundle/rauc.ts'
import { FormatError } from '#format/format-error.ts'
import type { ArtefactForm } from '#trust/artefact/form.ts'
import { refusingFormat } from '#trust/artefact/refusal.ts'
import { cmsAlgorithms } from '#trust/cms/digests.ts'
import { type RaucChoices, raucOptions } from './choices.ts'
import { manifestIn } from './content.ts'
import { inspectRauc } from './inspect.ts'
import { planRauc, refuseRauc } from './plan.ts'
import { verifyRauc } from './verify.ts'

/**
 * Bundles of RAUC, format verity: made of a squashfs, or signed anew.
 *
 * @see docs/conformance/rauc.md
 */
export function raucForm(tools: ArchiveTools): ArtefactForm<RaucChoices> {
  return {
    name: 'rauc',
    title: 'RAUC bundle',
    place: 'embedded',
    algorithms: cmsAlgorithms,
    options: raucOptions,
    needsAll: undefined,
    recognise: (source) => recognise(source, tools),
    refuse: refuseRauc,
    plan: (source, choices, signers) =>
      refusingFormat(() => planRauc(source, choices, signers, tools)),
    verify: (source, trust) => refusingFormat(() => verifyRauc(source, trust, tools)),
    inspect: inspectRauc,
  }
}

/** By its end; else as a squashfs that has a manifest for RAUC. */
async function recognise(source: ByteSource, tools: ArchiveTools): Promise<boolean> {
  try {
    if ((await parseRaucBundle(source)) !== undefined) return true
    if (!isSquashfs(await source.read(0, 4))) return false
    return (await manifestIn(source, tools)) !== undefined
  } catch (error) {
    if (error instanceof FormatError) return isSquashfs(await source.read(0, 4))
    throw error
  }
}
