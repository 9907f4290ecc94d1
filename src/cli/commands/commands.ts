// SPDX-License-Identifier: Apache-2.0
import { paging } from '#format/admin/fields.ts'
import type { OperationKind } from '#format/admin/operation.ts'
import { type OperationName, operationOf, operations } from '#format/admin/operations.ts'
import { type Argument, argumentsOf, own } from './argument.ts'
import { examples } from './examples.ts'

/** One thing that can be said at the command line. */
export interface Command {
  /** `device add`, or one word. */
  readonly name: string
  /** The row that it is made from; undefined for `serve`, which starts what the others talk to. */
  readonly operation: OperationName | undefined
  readonly kind: OperationKind | undefined
  /** One line, lower case, no full stop. */
  readonly summary: string
  readonly help: string
  readonly arguments: readonly Argument[]
  /** Without the program's name. */
  readonly examples: readonly string[]
}

const output = own('output', 'write to this file instead of standard output', {
  kind: 'text',
  placeholder: 'FILE',
})

/** What a kind of operation takes at the command line beside its inputs. */
const besideKind: Partial<Record<OperationKind, readonly Argument[]>> = {
  list: [own('all', 'all of them, page by page', { kind: 'boolean' })],
  lines: [output],
  upload: [
    own('file', 'the file, or - for standard input', {
      kind: 'text',
      how: 'position',
      required: true,
    }),
  ],
}

/** What a single command takes beside the inputs of its operation. */
const beside: Partial<Record<OperationName, readonly Argument[]>> = {
  'authority.export': [output],
  'certificate.export': [output],
  'device.add': [
    own('watch', 'stay until the device is here', { kind: 'boolean' }),
    own('hours', 'how many hours its code is good, up to 720 (24)', {
      kind: 'number',
      placeholder: 'N',
    }),
    own('noCode', 'make no code: it comes with a birth certificate', { kind: 'boolean' }),
  ],
  'log.verify': [
    own('file', 'an exported log, verified here without any server; - for standard input', {
      kind: 'text',
      how: 'position',
    }),
    own('key', "a file with the log's key, known from elsewhere", {
      kind: 'text',
      placeholder: 'FILE',
    }),
  ],
}

/** What the command line does besides, in whole sentences. */
const helpBeside: Partial<Record<OperationName, string>> = {
  claim: 'Asks for what is not given. The passphrase is never an argument.',
  'certificate.find': 'The file may be PEM or DER.',
  'device.add':
    'Makes the code at once and prints the lines to paste on the device, with address and root filled in.',
  explain: 'Works without a server. Without a word it lists all of them.',
  'log.verify': 'With a file it needs no server and believes none.',
}

/** Where the command line takes less or more than the operation: it asks the person, or knows better. */
const otherwise: Partial<Record<OperationName, Partial<Argument> & Pick<Argument, 'name'>>> = {
  claim: { name: 'name', required: false },
  // Words such as `birth identity` need no quotes.
  explain: { name: 'word', required: false, kind: 'list' },
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
  const changed = otherwise[operation]
  const all = [...argumentsOf(row), ...(besideKind[row.kind] ?? []), ...(beside[operation] ?? [])]
    // Paging comes after what is asked for.
    .sort((one, other) => Number(one.name in paging) - Number(other.name in paging))
  return {
    ...{ name, operation, kind: row.kind, summary: row.summary },
    help: [row.help, ...(helpBeside[operation] === undefined ? [] : [helpBeside[operation]])].join(
      ' ',
    ),
    arguments: all.map((one) => (one.name === changed?.name ? { ...one, ...changed } : one)),
    examples: examples[name] ?? [],
  }
}
