// SPDX-License-Identifier: Apache-2.0
import { refuse } from '../refusal.ts'
import type { ArtefactForm, OptionRow } from './form.ts'
import type { ArtefactRefused } from './refusal.ts'

/** Beyond it a list of choices is no list that a person wrote. */
const mostOfAList = 256
/** Octets of text are signed with the artefact, in fields of two octets' length at most. */
const longestText = 65_535

/**
 * What was chosen, by the form's own table: texts, numbers, flags and lists of texts, each of its kind.
 *
 * @param values as a command line or a request gives them: an integer may be its digits
 * @returns the form's options, or which of them is wrong and what it takes
 */
export function readOptions<O>(
  form: Pick<ArtefactForm<O>, 'title' | 'options'>,
  values: Readonly<Record<string, unknown>>,
): { readonly kind: 'options'; readonly options: O } | ArtefactRefused {
  const rows = new Map<string, OptionRow>(Object.entries(form.options))
  const read: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue
    const row = rows.get(name)
    if (row === undefined) return unknownChoice(form.title, name, [...rows.keys()])
    const one = readOne(row, value)
    if (one === undefined) return wrongChoice(name, row, value)
    read[name] = one
  }
  const missing = [...rows].find(([name, { needed }]) => needed === true && !(name in read))
  if (missing !== undefined)
    return refuse('artefact-choice-wrong', `${form.title} needs ${missing[0]}: ${missing[1].help}`)
  // Every value was read by the row of its name, which is what the type says.
  return { kind: 'options', options: read as O }
}

const readers = {
  text: (value: unknown) =>
    typeof value === 'string' && value.length <= longestText ? value : undefined,
  integer: (value: unknown) => {
    const number = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value
    return Number.isSafeInteger(number) && Number(number) >= 0 ? number : undefined
  },
  flag: (value: unknown) => (typeof value === 'boolean' ? value : undefined),
  list: (value: unknown) =>
    Array.isArray(value) && value.length <= mostOfAList && value.every(isText) ? value : undefined,
} as const satisfies Record<OptionRow['kind'], (value: unknown) => unknown>

function readOne({ kind }: OptionRow, value: unknown): unknown {
  return readers[kind](value)
}

function isText(value: unknown): boolean {
  return readers.text(value) !== undefined
}

const kinds = {
  text: 'a text',
  integer: 'a whole number, not below 0',
  flag: 'true or false',
  list: `a list of up to ${mostOfAList} texts`,
} as const satisfies Record<OptionRow['kind'], string>

function wrongChoice(name: string, { kind, help }: OptionRow, value: unknown): ArtefactRefused {
  const said = typeof value === 'object' ? typeof value : JSON.stringify(value)?.slice(0, 80)
  return refuse('artefact-choice-wrong', `${name} is ${said}, it takes ${kinds[kind]}: ${help}`)
}

function unknownChoice(title: string, name: string, known: readonly string[]): ArtefactRefused {
  const takes = known.length === 0 ? 'nothing can be chosen' : `it takes ${known.join(', ')}`
  return refuse('artefact-choice-wrong', `${title} knows no ${name}; ${takes}`)
}
