// SPDX-License-Identifier: Apache-2.0
import type { ArchiveTools } from '#format/archive/archive.ts'
import { cmsForm } from './cms/form.ts'
import { espForm } from './esp-secure-boot-v2/esp.ts'
import type { ArtefactForm } from './form.ts'
import type { ArtefactFormName } from './form-names.ts'
import { mcubootForm } from './mcuboot/mcuboot.ts'
import { menderForm } from './mender/mender.ts'
import { outerManifestForm } from './outer-manifest/form.ts'
import { raucForm } from './rauc/rauc.ts'
import { rawForm } from './raw/form.ts'
import { suitForm } from './suit/form.ts'
import { swupdateForm } from './swupdate/swupdate.ts'
import { fitForm } from './uboot-fit/fit.ts'

/** A form whose choices were read by its own table (`options`). */
// biome-ignore lint/suspicious/noExplicitAny: each form has choices of its own, which its table of options checks
export type AnyForm = ArtefactForm<any>

export type ArtefactForms = Partial<Readonly<Record<ArtefactFormName, AnyForm>>>

/**
 * Every form that is signed and checked here; a form that is added is one line.
 *
 * @param tools what unpacks: some of them have compressed parts, and trust unpacks nothing itself
 */
export function artefactForms(tools: ArchiveTools): ArtefactForms {
  return {
    suit: suitForm,
    'outer-manifest': outerManifestForm,
    cms: cmsForm,
    raw: rawForm,
    mcuboot: mcubootForm,
    'esp-secure-boot-v2': espForm,
    mender: menderForm(tools),
    rauc: raucForm(tools),
    'uboot-fit': fitForm,
    swupdate: swupdateForm,
  }
}
