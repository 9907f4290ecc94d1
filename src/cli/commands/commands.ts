// SPDX-License-Identifier: Apache-2.0
import { catalogue } from '#format/admin/catalogue.ts'
import type { OperationKind } from '#format/admin/operation.ts'
import type { OperationName } from '#format/admin/operations.ts'
import type { Argument } from './argument.ts'
import { examples } from './examples.ts'
import { offlineCommands } from './offline.ts'

/** One thing that can be said at the command line, as lists of commands show it. */
export interface Command {
  /** `device add`, or one word. */
  readonly name: string
  /** The row that it is made from; undefined for `serve` and for what is done without any server. */
  readonly operation: OperationName | undefined
  readonly kind: OperationKind | undefined
  /** One line, lower case, no full stop. */
  readonly summary: string
  /** What it takes and does, which a row has in a schema: read when it is said, or its help is asked for. */
  readonly more: () => Promise<CommandDetails>
}

export interface CommandDetails {
  readonly help: string
  readonly arguments: readonly Argument[]
  /** Without the program's name. */
  readonly examples: readonly string[]
}

/** A command with all that it takes. */
export type WholeCommand = Command & CommandDetails

export async function whole(command: Command): Promise<WholeCommand> {
  return { ...command, ...(await command.more()) }
}

const serve: Command = {
  name: 'serve',
  operation: undefined,
  kind: undefined,
  summary: 'run the server',
  more: async () => ({
    help: 'The same as npm start; "vitalsign serve --help" lists its options.',
    arguments: [],
    examples: examples['serve'] ?? [],
  }),
}

/** Every command, in the order of the table: all rows that can be reached from a command line. */
export const commands: readonly Command[] = [
  serve,
  ...offlineCommands,
  ...(Object.keys(catalogue) as OperationName[])
    .filter((name) => catalogue[name].doors?.every((door) => door === 'operator') !== true)
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
  const { kind, summary } = catalogue[operation]
  return {
    ...{ name: operation.replace('.', ' '), operation, kind, summary },
    more: async () => (await import('./row-details.ts')).rowDetails(operation),
  }
}
