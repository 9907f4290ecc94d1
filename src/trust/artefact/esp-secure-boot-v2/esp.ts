// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '#format/archive/byte-source.ts'
import { espHeaderOctets, espImage } from '#format/firmware/boot/esp-image.ts'
import type { ArtefactForm } from '../form.ts'
import { inspectEsp } from './inspect.ts'
import { type EspChoices, espChoices, planEsp, refuseEsp } from './plan.ts'
import { verifyEsp } from './verify.ts'

/** Images that chips of Espressif start with secure boot v2; docs/conformance/esp-secure-boot-v2.md says what of it. */
export const espForm: ArtefactForm<EspChoices> = {
  name: 'esp-secure-boot-v2',
  title: 'ESP-IDF image for secure boot v2',
  place: 'embedded',
  algorithms: ['rsa-pss-sha256', 'ecdsa-sha256', 'ecdsa-sha384'],
  options: espChoices,
  // All of its schemes sign the digest of the image.
  needsAll: undefined,
  recognise: isEspImage,
  refuse: refuseEsp,
  plan: planEsp,
  verify: verifyEsp,
  inspect: inspectEsp,
}

async function isEspImage(source: ByteSource): Promise<boolean> {
  return espImage.recognise((await source.read(0, espHeaderOctets + 8)).slice())
}
