// SPDX-License-Identifier: Apache-2.0
import { suitDraft } from '#format/suit/numbers.ts'
import { coseSignatures } from '#trust/cose/algorithms.ts'
import type { ArtefactForm } from '../form.ts'
import { inspectSuit } from './inspect.ts'
import { type SuitOptions, suitOptions } from './options.ts'
import { planSuit, refuseSuit } from './plan.ts'
import { looksLikeEnvelope } from './recognise.ts'
import { verifySuit } from './verify.ts'

/** A SUIT envelope. The draft is named wherever people read, since numbers changed from draft to draft. */
export const suitForm: ArtefactForm<SuitOptions> = {
  name: 'suit',
  title: `SUIT envelope (${suitDraft})`,
  place: 'detached',
  algorithms: coseSignatures,
  options: suitOptions,
  needsAll: undefined,
  recognise: looksLikeEnvelope,
  refuse: refuseSuit,
  plan: planSuit,
  verify: verifySuit,
  inspect: inspectSuit,
}
