// SPDX-License-Identifier: Apache-2.0
import { Fault } from '#core/fault.ts'
import {
  type Command,
  commandNamed,
  nouns,
  verbsOf,
  type WholeCommand,
  whole,
} from './commands/commands.ts'
import { readLine, seeHelp } from './commands/read-line.ts'
import { didYouMean } from './commands/suggest.ts'
import { commandHelp } from './help/command-help.ts'
import { nounHelp, optionsHelp, overview } from './help/overview.ts'
import type { Means } from './means.ts'
import { jsonText } from './show/json.ts'
import { type ExitStatus, exit, Stop, wrongUse } from './stop.ts'
import type { Connection } from './talk/connect.ts'
import { Terminal } from './terminal/terminal.ts'
import type { Call } from './verbs/verb.ts'
import { verbOf } from './verbs/verbs.ts'

/** Runs one command line, without the program's name; never throws, tells all that goes wrong. */
export async function runCommandLine(words: readonly string[], means: Means): Promise<ExitStatus> {
  const terminal = new Terminal(means)
  try {
    if (words.length === 1 && words[0] === '--version') {
      await terminal.line(`vitalsign ${means.version()}`)
      return exit.done
    }
    const { command, rest } = commandIn(words)
    if (command === undefined || asksHelp(rest)) return await help(words, means, terminal)
    return await runCommand(await whole(command), rest, means, terminal)
  } catch (error) {
    const stop = stopOf(error)
    const hint = stop.hint ?? hintFor(stop, words, means)
    if (words.includes('--json')) await terminal.write(jsonText(documentOf(stop, hint)))
    const stack = stackOf(error)
    if (stack !== undefined) terminal.note(stack)
    terminal.error(stop.message)
    if (hint !== undefined) terminal.hint(hint)
    return stop.status
  }
}

async function runCommand(
  command: WholeCommand,
  words: readonly string[],
  means: Means,
  terminal: Terminal,
): Promise<ExitStatus> {
  const said = readLine(command, words)
  let connection: Connection | undefined
  const call: Call = {
    ...{ command, said, terminal, means },
    connect: async () => {
      const { openConnection } = await import('./talk/connect.ts')
      connection ??= await terminal.waiting('opening …', openConnection(said, means))
      return connection.server
    },
  }
  const verb = await verbOf(command)
  try {
    return await verb(call)
  } finally {
    await connection?.close()
  }
}

/** The command at the beginning of the words; undefined where help is asked for, or a noun alone. */
function commandIn(words: readonly string[]): {
  readonly command: Command | undefined
  readonly rest: readonly string[]
} {
  const [noun = 'help', verb = ''] = words
  const two = commandNamed(`${noun} ${verb}`)
  if (two !== undefined) return { command: two, rest: words.slice(2) }
  const one = commandNamed(noun)
  if (one !== undefined) return { command: one, rest: words.slice(1) }
  return { command: undefined, rest: words.slice(1) }
}

function asksHelp(words: readonly string[]): boolean {
  const end = words.indexOf('--')
  return words
    .slice(0, end === -1 ? undefined : end)
    .some((word) => word === '--help' || word === '-h')
}

/** Overview, one noun, one command; or what was probably meant. @throws Stop */
async function help(
  words: readonly string[],
  means: Means,
  terminal: Terminal,
): Promise<ExitStatus> {
  const about = words.filter((word) => !['help', '--help', '-h', '--json'].includes(word))
  const columns = Math.min(means.output.columns ?? 100, 100)
  const options = { paint: terminal.paint, columns }
  const [noun, verb] = about
  const command = commandNamed(about.slice(0, 2).join(' ')) ?? commandNamed(noun ?? '')
  if (noun === 'serve') await terminal.line(await means.serveHelp())
  else if (noun === undefined) await terminal.line(overview(options).join('\n'))
  else if (noun === 'options') await terminal.line(optionsHelp(options).join('\n'))
  else if (command !== undefined)
    await terminal.line(commandHelp(await whole(command), options).join('\n'))
  else if (nouns.includes(noun) && verb === undefined) {
    await terminal.line(nounHelp(noun, options).join('\n'))
  } else throw unknown(noun, verb)
  return exit.done
}

function unknown(noun: string, verb: string | undefined): Stop {
  if (noun.startsWith('-')) {
    return wrongUse(
      `a command begins with a word, not with ${noun}`,
      'vitalsign NOUN VERB [OPTIONS]',
    )
  }
  const turned = commandNamed(`${verb} ${noun}`)
  if (turned !== undefined)
    return wrongUse(`no command "${noun}"`, `did you mean "${turned.name}"?`)
  const verbs = verbsOf(noun)
  if (verbs.length === 0 || verb === undefined) {
    return wrongUse(`no command "${noun}"`, didYouMean(noun, nouns, '"vitalsign help" lists all'))
  }
  const known = verbs.map(({ name }) => name.slice(noun.length + 1))
  return wrongUse(
    `no command "${noun} ${verb}"`,
    didYouMean(verb, known, `${noun} can ${known.join(', ')}`).replace('mean "', `mean "${noun} `),
  )
}

function stopOf(error: unknown): Stop {
  if (error instanceof Stop) return error
  if (error instanceof Fault) {
    const status = error.code === 'configuration-wrong' ? exit.wrongUse : exit.broken
    return new Stop(status, error.message, { hint: error.remedy, code: error.code })
  }
  const message = error instanceof Error ? error.message : String(error)
  return new Stop(exit.broken, message, {
    hint: 'this is a fault of the program; please report it with the lines above',
  })
}

/** What a program is told on standard output, while a person reads the same beside it. */
function documentOf({ status, code, message }: Stop, hint: string | undefined) {
  const codes = { 0: 'done', 1: 'refused', 2: 'wrong-use', 3: 'broken' } as const
  return { code: code ?? codes[status], detail: message, hint: hint ?? null }
}

/** Where a fault of the program is; what was expected to go wrong needs no stack. */
function stackOf(error: unknown): string | undefined {
  if (error instanceof Stop || error instanceof Fault || !(error instanceof Error)) return undefined
  return error.stack
}

/** Of wrong use, where to read on; of a refusal, what docs/words.md says to do. */
function hintFor({ code, status }: Stop, words: readonly string[], means: Means) {
  const { command } = commandIn(words)
  if (status === exit.wrongUse && command !== undefined) return seeHelp(command)
  if (code === 'input-wrong' && command !== undefined) return seeHelp(command)
  if (code === undefined) return undefined
  return means.readWords().get(code)?.remedy ?? `"vitalsign explain ${code}" says what it means`
}
