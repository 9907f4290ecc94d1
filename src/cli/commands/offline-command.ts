// SPDX-License-Identifier: Apache-2.0
import type { Argument } from './argument.ts'
import type { Command } from './commands.ts'
import { examples } from './examples.ts'

/** What a command that needs no server says of itself. */
export interface OfflineWords {
  readonly summary: string
  readonly help: string
  readonly arguments: readonly Argument[]
  /** Further arguments that take a while to know. */
  readonly moreArguments?: () => Promise<readonly Argument[]>
}

/** A command that is no row of the table of operations. */
export function offline(name: string, words: OfflineWords): Command {
  const { summary, help, moreArguments } = words
  return {
    ...{ name, operation: undefined, kind: undefined, summary },
    more: async () => ({
      help,
      arguments: [...words.arguments, ...((await moreArguments?.()) ?? [])],
      examples: examples[name] ?? [],
    }),
  }
}
