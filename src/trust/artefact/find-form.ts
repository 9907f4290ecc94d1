// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '#format/archive/byte-source.ts'
import { refuse } from '../refusal.ts'
import { type ArtefactFormName, artefactFormNames } from './form-names.ts'
import type { AnyForm, ArtefactForms } from './forms.ts'
import type { ArtefactRefused } from './refusal.ts'

/** The form of this name. */
export function formNamed(name: string, forms: ArtefactForms): AnyForm | ArtefactRefused {
  const known = artefactFormNames.find((one) => one === name)
  const form = known && forms[known]
  return (
    form ??
    refuse(
      'artefact-of-another-form',
      `"${name}" is no form; there are ${knownNames(forms).join(', ')}`,
    )
  )
}

/** The names of the forms that are signed and checked here. */
export function knownNames(forms: ArtefactForms): readonly ArtefactFormName[] {
  return artefactFormNames.filter((name) => forms[name] !== undefined)
}

/**
 * The form that a file is of, by what is in it, whatever its name; each form is asked, and none may throw.
 *
 * Where several know it nobody guesses: a file that two verifiers read in two ways is what an attacker wants.
 */
export async function findForm(
  source: ByteSource,
  forms: ArtefactForms,
): Promise<AnyForm | ArtefactRefused> {
  const found: AnyForm[] = []
  for (const name of knownNames(forms)) {
    const form = forms[name]
    if (form !== undefined && (await form.recognise(source))) found.push(form)
  }
  const [only, ...others] = found
  if (only === undefined)
    return refuse('artefact-of-another-form', 'it is of no form that is known here')
  if (others.length === 0) return only
  return refuse(
    'artefact-form-ambiguous',
    `it can be read as ${found.map(({ name }) => name).join(' and as ')}: say which it is`,
  )
}
