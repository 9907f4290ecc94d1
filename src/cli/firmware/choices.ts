// SPDX-License-Identifier: Apache-2.0
/** What can be chosen when a form is signed, as flags: one for each row of each form's table of options. */
import type { FieldKind } from '#format/admin/operation.ts'
import type { OptionRow } from '#trust/artefact/form.ts'
import type { AnyForm } from '#trust/artefact/forms.ts'
import { type Argument, own } from '../commands/argument.ts'
import type { Said } from '../commands/read-line.ts'
import { forms } from './forms.ts'

/** `securityCounter` -> `security-counter`. */
export function flagOf(option: string): string {
  return option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

/** The name of the argument of an option: those of commands are others. */
export function argumentName(option: string): string {
  return `choice ${option}`
}

const kindOf = {
  text: 'text',
  // Its digits: the form's own table says whether they are a number.
  integer: 'text',
  flag: 'boolean',
  list: 'list',
} as const satisfies Record<OptionRow['kind'], FieldKind>

/**
 * The options of all forms, once each; where two forms have one of the same name, it is of the same kind in both.
 *
 * @throws TypeError if it is not
 */
export function choiceArguments(): readonly Argument[] {
  const found = new Map<string, { readonly row: OptionRow; readonly forms: string[] }>()
  for (const form of Object.values(forms))
    for (const [option, row] of Object.entries<OptionRow>(form.options)) {
      const before = found.get(option)
      if (before === undefined) found.set(option, { row, forms: [form.name] })
      else if (kindOf[before.row.kind] === kindOf[row.kind]) before.forms.push(form.name)
      else throw new TypeError(`${option} is ${row.kind} in ${form.name}, and is not elsewhere`)
    }
  return [...found].map(([option, { row, forms }]) =>
    own(argumentName(option), `${row.help} [${forms.join(', ')}]`, {
      ...{ kind: kindOf[row.kind], flag: flagOf(option) },
      placeholder: row.kind === 'integer' ? 'N' : 'TEXT',
    }),
  )
}

/** What the command line chose of a form, by the names of its options. */
export function choicesSaid(
  said: Pick<Said, 'value'>,
  { options }: AnyForm,
): Readonly<Record<string, unknown>> {
  const values = Object.keys(options).map((name) => [name, said.value(argumentName(name))] as const)
  return Object.fromEntries(values.filter(([, value]) => value !== undefined))
}
