// SPDX-License-Identifier: Apache-2.0
import type { ArchiveTools } from '#format/archive/archive.ts'
import type { ByteSource } from '#format/archive/byte-source.ts'
import { isAt } from '#format/archive/fields.ts'
import { isTarHeader, tarBlock } from '#format/archive/tar-header.ts'
import type { ArtefactForm } from '#trust/artefact/form.ts'
import { refusingFormat } from '#trust/artefact/refusal.ts'
import { inspectMender } from './inspect.ts'
import {
  type MenderChoices,
  menderAlgorithms,
  menderOptions,
  planMender,
  refuseMender,
} from './plan.ts'
import { verifyMender } from './verify.ts'

/**
 * Artifacts of Mender, version 3.
 *
 * @see docs/conformance/mender.md
 */
export function menderForm(tools: ArchiveTools): ArtefactForm<MenderChoices> {
  return {
    name: 'mender',
    title: 'Mender artifact',
    place: 'embedded',
    algorithms: menderAlgorithms,
    options: menderOptions,
    needsAll: undefined,
    recognise,
    refuse: (_, signers) => refuseMender(signers),
    plan: (source, choices, signers) =>
      refusingFormat(() => planMender(source, choices, signers, tools)),
    verify: (source, trust) => refusingFormat(() => verifyMender(source, trust, tools)),
    inspect: (source) => inspectMender(source, tools),
  }
}

/** A tar whose first file is `version`, and is of Mender. */
async function recognise(source: ByteSource): Promise<boolean> {
  const head = await source.read(0, 2 * tarBlock)
  return (
    isAt(head, 0, 'version\0') &&
    isTarHeader(head.subarray(0, tarBlock)) &&
    /"mender"/.test(new TextDecoder('latin1').decode(head.subarray(tarBlock)))
  )
}
