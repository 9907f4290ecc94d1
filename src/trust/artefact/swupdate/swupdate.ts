// SPDX-License-Identifier: Apache-2.0
import { swupdate as container } from '#format/firmware/bundle/swupdate.ts'
import type { ArtefactForm } from '#trust/artefact/form.ts'
import { refusingFormat } from '#trust/artefact/refusal.ts'
import { cmsAlgorithms } from '#trust/cms/digests.ts'
import { type SwupdateChoices, swupdateOptions } from './choices.ts'
import { inspectSwupdate } from './inspect.ts'
import { planSwupdate, refuseSwupdate } from './plan.ts'
import { verifySwupdate } from './verify.ts'

/**
 * Updates for SWUpdate, signed by CMS or by bare RSA.
 *
 * @see docs/conformance/swupdate.md
 */
export const swupdateForm: ArtefactForm<SwupdateChoices> = {
  name: 'swupdate',
  title: 'update for SWUpdate',
  place: 'embedded',
  algorithms: cmsAlgorithms,
  options: swupdateOptions,
  needsAll: undefined,
  recognise: async (source) => container.recognise(await source.read(0, container.headOctets)),
  refuse: refuseSwupdate,
  plan: (source, choices, signers) => refusingFormat(() => planSwupdate(source, choices, signers)),
  verify: (source, trust) => refusingFormat(() => verifySwupdate(source, trust)),
  inspect: inspectSwupdate,
}
