// SPDX-License-Identifier: Apache-2.0
import { formNamed, knownNames } from '#trust/artefact/find-form.ts'
import type { OptionRow } from '#trust/artefact/form.ts'
import type { AnyForm } from '#trust/artefact/forms.ts'
import { flagOf } from '../firmware/choices.ts'
import { forms } from '../firmware/forms.ts'
import { stopFor } from '../firmware/stop-for.ts'
import { jsonText } from '../show/json.ts'
import { pairLines } from '../show/record.ts'
import { exit } from '../stop.ts'
import { isJson, tableOptions, type Verb, writeLines } from './verb.ts'

/** Lists the forms, or says what one of them takes. */
export const listForms: Verb = async (call) => {
  const name = call.said.text('form')
  const asked = name === undefined ? undefined : formNamed(name, forms)
  if (asked !== undefined && 'reason' in asked) throw stopFor(asked)
  const shown = asked === undefined ? knownNames(forms).flatMap((one) => forms[one] ?? []) : [asked]
  const options = tableOptions(call)
  if (isJson(call)) await call.terminal.write(jsonText(shown.map(documentOf)))
  else if (asked !== undefined) await writeLines(call, formLines(asked, options))
  else
    await writeLines(
      call,
      pairLines(
        shown.map((form) => [form.name, `${form.title}; ${placeText(form)}`] as const),
        options,
      ),
    )
  return exit.done
}

function documentOf({ name, title, place, algorithms, options, needsAll }: AnyForm) {
  return {
    ...{ name, title, place, algorithms, needsAll: needsAll ?? null },
    options: rowsOf(options).map(([option, { kind, help, needed }]) => ({
      ...{ name: option, flag: `--${flagOf(option)}`, kind, help, needed: needed === true },
    })),
  }
}

function rowsOf(options: AnyForm['options']): readonly (readonly [string, OptionRow])[] {
  return Object.entries<OptionRow>(options)
}

function placeText({ place }: AnyForm): string {
  return place === 'embedded'
    ? 'the signature stands in the file'
    : 'the signature stands beside the file'
}

function formLines(form: AnyForm, options: ReturnType<typeof tableOptions>): readonly string[] {
  const { name, title, algorithms, needsAll } = form
  const rows = rowsOf(form.options)
  return [
    options.paint('bold', `${name}: ${title}`),
    ...pairLines(
      [
        ['place', placeText(form)],
        ['algorithms', algorithms.join(', ')],
        ['a digest alone', needsAll ?? 'is enough to sign'],
      ],
      { ...options, indent: '  ' },
    ),
    ...(rows.length === 0 ? [] : ['', 'What can be chosen when it is signed']),
    ...pairLines(
      rows.map(([option, { help, needed, kind }]) => {
        const value = kind === 'flag' ? '' : kind === 'integer' ? ' N' : ' TEXT'
        const again = kind === 'list' ? '; may be given several times' : ''
        return [
          `--${flagOf(option)}${value}`,
          `${help}${again}${needed ? ' (needed)' : ''}`,
        ] as const
      }),
      { ...options, indent: '  ' },
    ),
  ]
}
