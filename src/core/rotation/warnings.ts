// SPDX-License-Identifier: Apache-2.0
/** What verifiers of a form do not do, so that a plan on paper would strand devices. */
import type { ArtefactFormName } from '#trust/artefact/form-names.ts'

/** The two keys as far as verifiers look at them. */
export interface KeyPair {
  readonly from: { readonly name: string; readonly algorithm: string }
  readonly to: { readonly name: string; readonly algorithm: string }
}

const oneSigner = ({ from, to }: KeyPair, form: string) =>
  `a file signed as ${form} has one signature: write two lines into the signing plan, one by ${from.name} and one by ${to.name}, each with a name of its own`

const warnings: Partial<
  Readonly<Record<ArtefactFormName, (keys: KeyPair) => readonly (string | false)[]>>
> = {
  mcuboot: ({ from, to }) => [
    from.algorithm !== to.algorithm &&
      `a build of MCUboot checks one type of signature: the new bootloader checks ${to.algorithm} and nothing that ${from.name} signed, so it has to reach a device before an image by ${to.name} alone does, and never before one by both is there`,
    'the keys of MCUboot are compiled in: devices learn the new one with a new bootloader, which not every board can replace',
  ],
  'esp-secure-boot-v2': () => [
    'an app that checks updates without hardware secure boot looks at the first signature block alone: signed by both, the image is believed by the key of that block only',
    'eFuses have room for three digests and are burnt for ever: look that one is free on the devices in the field',
  ],
  'uboot-fit': () => [
    'the control device tree that is signed by both has to say required-mode "any": with "all" a device without the new key refuses, and one without the old key too',
  ],
  rauc: (keys) => [oneSigner(keys, 'rauc')],
  mender: (keys) => [oneSigner(keys, 'mender')],
  raw: (keys) => [oneSigner(keys, 'raw')],
}

/** In words, for the forms of a rotation. */
export function warningsOf(forms: readonly ArtefactFormName[], keys: KeyPair): readonly string[] {
  return forms.flatMap((form) => warnings[form]?.(keys).filter((one) => one !== false) ?? [])
}
