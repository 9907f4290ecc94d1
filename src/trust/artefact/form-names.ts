// SPDX-License-Identifier: Apache-2.0
/** Every form of signed artefact, by the name that stands in requests, records and commands. */
export const artefactFormNames = [
  'mcuboot',
  'esp-secure-boot-v2',
  'uboot-fit',
  'rauc',
  'swupdate',
  'mender',
  'suit',
  'outer-manifest',
  'cms',
  'raw',
] as const

export type ArtefactFormName = (typeof artefactFormNames)[number]
