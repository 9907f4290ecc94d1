// SPDX-License-Identifier: Apache-2.0
import type { ArtefactForm } from '../form.ts'
import { type McubootChoices, mcubootChoices } from './choices.ts'
import { inspectMcuboot } from './inspect.ts'
import { isMcuboot, planMcuboot, refuseMcuboot } from './plan.ts'
import { verifyMcuboot } from './verify.ts'

/** Images that MCUboot starts; docs/conformance/mcuboot.md says what of it. */
export const mcubootForm: ArtefactForm<McubootChoices> = {
  name: 'mcuboot',
  title: 'MCUboot image',
  place: 'embedded',
  algorithms: ['ecdsa-sha256', 'ed25519', 'ecdsa-sha384', 'rsa-pss-sha256'],
  options: mcubootChoices,
  // ECDSA and RSA sign the digest, and Ed25519 the digest as a message.
  needsAll: undefined,
  recognise: isMcuboot,
  refuse: refuseMcuboot,
  plan: planMcuboot,
  verify: verifyMcuboot,
  inspect: inspectMcuboot,
}
