// SPDX-License-Identifier: Apache-2.0
import { paging } from '#format/admin/fields.ts'
import type { OperationKind } from '#format/admin/operation.ts'
import { type OperationName, operationOf, operations } from '#format/admin/operations.ts'
import { type Argument, argumentsOf } from './argument.ts'
import { besideKind, besideOperation } from './beside.ts'
import { examples } from './examples.ts'
import { offlineCommands } from './offline.ts'

/** One thing that can be said at the command line. */
export interface Command {
  /** `device add`, or one word. */
  readonly name: string
  /** The row that it is made from; undefined for `serve` and for what is done without any server. */
  readonly operation: OperationName | undefined
  readonly kind: OperationKind | undefined
  /** One line, lower case, no full stop. */
  readonly summary: string
  readonly help: string
  readonly arguments: readonly Argument[]
  /** Without the program's name. */
  readonly examples: readonly string[]
  /** Further arguments that take a while to know: read when the command is said, or its help is asked for. */
  readonly more?: () => Promise<readonly Argument[]>
}

/** A command with all that it takes. */
export async function whole(command: Command): Promise<Command> {
  if (command.more === undefined) return command
  return { ...command, arguments: [...command.arguments, ...(await command.more())] }
}

const serve: Command = {
  name: 'serve',
  operation: undefined,
  kind: undefined,
  summary: 'run the server',
  help: 'The same as npm start; "vitalsign serve --help" lists its options.',
  arguments: [],
  examples: examples['serve'] ?? [],
}

/** Every command, in the order of the table: all rows that can be reached from a command line. */
export const commands: readonly Command[] = [
  serve,
  ...offlineCommands,
  ...(Object.keys(operations) as OperationName[])
    .filter((name) => operationOf(name).doors?.every((door) => door === 'operator') !== true)
    .map(commandOf),
]

const byName = new Map(commands.map((command) => [command.name, command]))

/** The command of a name such as `device add`. */
export function commandNamed(name: string): Command | undefined {
  return byName.get(name)
}

/** The commands that begin with a noun. */
export function verbsOf(noun: string): readonly Command[] {
  return commands.filter(({ name }) => name === noun || name.startsWith(`${noun} `))
}

/** Every first word of a command, once. */
export const nouns: readonly string[] = [
  ...new Set(commands.map(({ name }) => name.split(' ', 1)[0] ?? '')),
]

function commandOf(operation: OperationName): Command {
  const row = operationOf(operation)
  const name = operation.replace('.', ' ')
  const beside = besideOperation[operation]
  const changes = beside?.otherwise ?? []
  const all = [
    ...argumentsOf(row),
    ...(besideKind[row.kind]?.arguments ?? []),
    ...(beside?.arguments ?? []),
  ]
  return {
    ...{ name, operation, kind: row.kind, summary: row.summary },
    help: beside?.help === undefined ? row.help : `${row.help} ${beside.help}`,
    arguments: all
      .map((one) => ({ ...one, ...changes.find(({ name }) => name === one.name) }))
      // Paging comes after what is asked for.
      .sort((one, other) => Number(one.name in paging) - Number(other.name in paging)),
    examples: examples[name] ?? [],
  }
}
