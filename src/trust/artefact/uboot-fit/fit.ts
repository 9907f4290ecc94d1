// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '#format/archive/byte-source.ts'
import { parseFit } from '#format/firmware/boot/fit.ts'
import { FormatError } from '#format/format-error.ts'
import type { ArtefactForm } from '../form.ts'
import { inspectFit } from './inspect.ts'
import { fitAlgorithms } from './kinds.ts'
import { askedOfKey, type FitChoices, fitChoices, planFit, refuseFit } from './plan.ts'
import { verifyFit } from './verify.ts'

/** Image trees that U-Boot starts by signed configurations; docs/conformance/uboot-fit.md says what of it. */
export const fitForm: ArtefactForm<FitChoices> = {
  name: 'uboot-fit',
  title: 'U-Boot FIT',
  place: 'embedded',
  algorithms: fitAlgorithms,
  options: fitChoices,
  // RSA and ECDSA sign the digest of what a configuration covers.
  needsAll: undefined,
  asks: askedOfKey,
  recognise: isFit,
  refuse: refuseFit,
  plan: planFit,
  verify: verifyFit,
  inspect: inspectFit,
}

async function isFit(source: ByteSource): Promise<boolean> {
  try {
    return (await parseFit(source)) !== undefined
  } catch (error) {
    if (error instanceof FormatError) return false
    throw error
  }
}
