// SPDX-License-Identifier: Apache-2.0
import {
  type Field,
  type FieldKind,
  fieldsOf,
  type Operation,
  type Reference,
} from '#format/admin/operation.ts'

/** One thing that a command takes: by position, by a flag, from a file, or asked for. */
export interface Argument {
  /** The input of the operation that it becomes; for the command's own ones a name like it. */
  readonly name: string
  /** As written after `--`. */
  readonly flag: string
  /** How its value is called in help. */
  readonly placeholder: string
  readonly how: 'position' | 'flag' | 'secret'
  readonly kind: FieldKind
  readonly required: boolean
  readonly help: string
  readonly choices: readonly string[]
  readonly fallback: unknown
  /** The value is the path of a file, `-` for standard input. */
  readonly isFile: boolean
  /** What else than an id names it. */
  readonly reference: Reference | undefined
}

/** What a row of the operations table takes, those by position first and in their order. */
export function argumentsOf(row: Operation): readonly Argument[] {
  const all = [...fieldsOf(row)].map(([name, field]) => argumentOf(row, name, field))
  const positional = row.positional ?? []
  const placeOf = ({ how, name }: Argument) =>
    how === 'position' ? positional.indexOf(name) : positional.length
  return all.sort((one, other) => placeOf(one) - placeOf(other))
}

/** An argument that a command has beside those of its operation. */
export function own(
  name: string,
  help: string,
  more: Partial<Argument> & Pick<Argument, 'kind'>,
): Argument {
  const flag = kebab(name)
  return {
    ...{ name, flag, help, how: 'flag', required: false, choices: [], fallback: undefined },
    ...{ isFile: false, reference: undefined, placeholder: flag.toUpperCase() },
    ...more,
  }
}

function argumentOf(row: Operation, name: string, field: Field): Argument {
  const flag = row.flags?.[name] ?? kebab(name)
  const isFile = row.files?.includes(name) ?? false
  const reference = row.references?.[name]
  return {
    ...field,
    ...{ name, flag, isFile, reference },
    placeholder: placeholderOf(flag, field, isFile, reference),
    how: row.secrets?.includes(name)
      ? 'secret'
      : row.positional?.includes(name)
        ? 'position'
        : 'flag',
  }
}

/** Where the flag's own word would say too little. */
const placeholders: Readonly<Record<string, string>> = {
  after: 'CURSOR',
  because: 'TEXT',
  'expiring-after': 'TIME',
  'expiring-before': 'TIME',
  'hardware-revision': 'REVISION',
  number: 'VERSION',
  reason: 'TEXT',
  'serial-number': 'HEX',
  'serial-prefix': 'PREFIX',
  subject: 'ID',
}

function placeholderOf(
  flag: string,
  { kind }: Field,
  isFile: boolean,
  reference: Reference | undefined,
): string {
  if (isFile) return 'FILE'
  if (reference !== undefined) return reference.toUpperCase()
  if (kind === 'choice') return 'WORD'
  if (Object.hasOwn(placeholders, flag)) return placeholders[flag] ?? ''
  return kind === 'number' ? 'N' : flag.toUpperCase()
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
