// SPDX-License-Identifier: Apache-2.0
import type { Argument } from '../commands/argument.ts'
import type { WholeCommand } from '../commands/commands.ts'
import { beside, wrap } from './layout.ts'
import type { HelpOptions } from './overview.ts'

/** What `vitalsign NOUN VERB --help` says. */
export function commandHelp(
  command: WholeCommand,
  { paint, columns }: HelpOptions,
): readonly string[] {
  const { name, summary, help, examples } = command
  const rows = rowsOf(command.arguments)
  return [
    `vitalsign ${name}: ${summary}`,
    '',
    ...wrap(`vitalsign ${[name, ...usageOf(command.arguments)].join(' ')}`, columns - 4).map(
      (line, index) => `${index === 0 ? '  ' : '    '}${line}`,
    ),
    '',
    ...wrap(help, columns),
    ...(rows.length === 0 ? [] : ['', ...beside(rows, { columns })]),
    ...(examples.length === 0
      ? []
      : ['', paint('bold', 'For example'), ...examples.map((line) => `  vitalsign ${line}`)]),
    ...(command.operation === undefined
      ? []
      : ['', paint('dim', '--json, --data DIR, --server URL and more: "vitalsign help options"')]),
  ]
}

/** `--state WORD`; what takes no value stands alone. */
export function flagText({ flag, kind, placeholder }: Argument): string {
  return kind === 'boolean' ? `--${flag}` : `--${flag} ${placeholder}`
}

function usageOf(all: readonly Argument[]): readonly string[] {
  const positions = all.filter(({ how }) => how === 'position')
  const needed = all.filter(({ how, required }) => how === 'flag' && required)
  const hasOptions = all.some(({ how, required }) => how === 'flag' && !required)
  return [
    ...positions.map(({ placeholder, required }) => (required ? placeholder : `[${placeholder}]`)),
    ...needed.map(flagText),
    ...(hasOptions ? ['[OPTIONS]'] : []),
  ]
}

function rowsOf(all: readonly Argument[]): readonly (readonly [string, string])[] {
  const order = { position: 0, flag: 1, secret: 2 } as const
  return all
    .filter(({ how, required }) => how !== 'secret' || required)
    .toSorted((one, other) => order[one.how] - order[other.how])
    .map((argument) => [leftOf(argument), rightOf(argument)] as const)
}

function leftOf(argument: Argument): string {
  switch (argument.how) {
    case 'position':
      return argument.placeholder
    case 'flag':
      return flagText(argument)
    case 'secret':
      return '(asked for)'
  }
}

/** The help of an argument, with what it may be and what stands when it is not given. */
function rightOf({ help, choices, fallback, kind, isFile, reference, how }: Argument): string {
  const parts = [help]
  if (choices.length > 0) parts.push(`: ${choices.join(', ')}`)
  if (reference !== undefined)
    parts.push(`, by ${reference === 'device' ? 'serial' : 'name'} or id`)
  if (isFile) parts.push('; - for standard input')
  if (kind === 'list') parts.push('; may be given several times')
  if (how === 'secret') parts.push('; without a terminal, a line of standard input')
  if (fallback !== undefined && fallback !== false) parts.push(` (${String(fallback)})`)
  return parts.join('')
}
