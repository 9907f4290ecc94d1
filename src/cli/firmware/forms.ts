// SPDX-License-Identifier: Apache-2.0
import { archiveTools } from '#edge/images/tools.ts'
import { type ArtefactForms, artefactForms } from '#trust/artefact/forms.ts'

/** Every form, with what unpacks on this machine. */
export const forms: ArtefactForms = artefactForms(archiveTools())
