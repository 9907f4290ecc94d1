// SPDX-License-Identifier: Apache-2.0
import { type Command, verbsOf } from '../commands/commands.ts'
import { commonArguments } from '../commands/common.ts'
import type { Paint } from '../terminal/paint.ts'
import { flagText } from './command-help.ts'
import { groupedCommands } from './groups.ts'
import { beside } from './layout.ts'

export interface HelpOptions {
  readonly paint: Paint
  readonly columns: number
}

/** What `vitalsign help` says: every command in one line. */
export function overview({ paint, columns }: HelpOptions): readonly string[] {
  const groups = groupedCommands()
  const width = Math.max(
    ...groups.flatMap((group) => group.commands.map(({ name }) => name.length)),
  )
  return [
    'vitalsign gives every device an identity, and keeps it trustworthy for its whole life',
    '',
    '  vitalsign NOUN VERB [OPTIONS]',
    ...groups.flatMap((group) => [
      '',
      paint('bold', group.title),
      ...beside(
        group.commands.map(({ name, summary }) => [name.padEnd(width), summary] as const),
        { columns },
      ),
    ]),
    '',
    paint('bold', 'More'),
    ...beside(
      [
        ['help NOUN VERB'.padEnd(width), 'what one command does and takes, with examples'],
        ['help options'.padEnd(width), 'what every command takes, and how it ends'],
        ['explain WORD'.padEnd(width), 'what a word or a refusal means, and what to do'],
        ['--version'.padEnd(width), 'which version this is'],
      ],
      { columns },
    ),
  ]
}

/** What `vitalsign NOUN` says. */
export function nounHelp(noun: string, { paint, columns }: HelpOptions): readonly string[] {
  const verbs = verbsOf(noun)
  return [
    ...beside(
      verbs.map(({ name, summary }: Command) => [`vitalsign ${name}`, summary] as const),
      {
        columns,
      },
    ),
    '',
    paint('dim', `"vitalsign help ${verbs[0]?.name ?? noun}" says more about one of them`),
  ]
}

/** What `vitalsign help options` says. */
export function optionsHelp({ paint, columns }: HelpOptions): readonly string[] {
  return [
    'Every command takes',
    '',
    ...beside(
      commonArguments.map((argument) => [flagText(argument), argument.help] as const),
      { columns },
    ),
    '',
    paint('bold', 'Where a command asks'),
    ...beside(
      [
        ['the server', 'that runs on the data directory, by its socket: you are its administrator'],
        [
          'or nobody',
          'where none runs, the command opens the installation itself, and closes it again',
        ],
        ['or elsewhere', 'with --server, as a machine that was given access (machine add)'],
      ],
      { columns },
    ),
    '',
    paint('bold', 'How it ends'),
    ...beside(
      [
        ['0', 'done'],
        ['1', 'refused, or something was found that is not good'],
        ['2', 'wrong use: nothing was done'],
        ['3', 'broken: it may be tried again'],
      ],
      { columns },
    ),
  ]
}
