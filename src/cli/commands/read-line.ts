// SPDX-License-Identifier: Apache-2.0
import { parseArgs } from 'node:util'
import { wrongUse } from '../stop.ts'
import type { Argument } from './argument.ts'
import type { Command, WholeCommand } from './commands.ts'
import { commonArguments } from './common.ts'
import { didYouMean, suggest } from './suggest.ts'

type Value = string | number | boolean | readonly string[]

/** What was said on the command line, by the name of the argument; files are not yet read. */
export class Said {
  readonly #values: ReadonlyMap<string, Value>

  constructor(values: ReadonlyMap<string, Value>) {
    this.#values = values
  }

  value(name: string): Value | undefined {
    return this.#values.get(name)
  }

  text(name: string): string | undefined {
    const value = this.#values.get(name)
    return typeof value === 'string' ? value : undefined
  }

  /** Whether a flag that takes no value was given. */
  has(name: string): boolean {
    return this.#values.get(name) === true
  }
}

/**
 * Reads the words after a command.
 *
 * @throws Stop for words that the command does not take, or that are missing
 */
export function readLine(command: WholeCommand, words: readonly string[]): Said {
  const known = flagsOf(command)
  const values = new Map<string, Value>()
  const positions = command.arguments.filter(({ how }) => how === 'position')
  for (const token of tokensOf(words, known)) {
    if (token.kind === 'option-terminator') continue
    if (token.kind === 'positional') {
      const argument = positions.find(({ name, kind }) => kind === 'list' || !values.has(name))
      if (argument === undefined) throw tooMuch(command, token.value)
      keep(values, argument, argument.placeholder, token.value)
      continue
    }
    const argument = known.get(token.name)
    if (argument === undefined) throw unknownFlag(command, token.rawName, [...known.keys()])
    if (values.has(argument.name) && argument.kind !== 'list') {
      throw wrongUse(`--${argument.flag} was given twice`)
    }
    keep(values, argument, `--${argument.flag}`, flagValue(argument, token))
  }
  checkMissing(command, values)
  return new Said(values)
}

/** The flags of a command by their word; its own stand before those that all have. */
function flagsOf(command: WholeCommand): ReadonlyMap<string, Argument> {
  const all = [...commonArguments, ...command.arguments.filter(({ how }) => how === 'flag')]
  return new Map(all.map((argument) => [argument.flag, argument]))
}

/** Not strict: what is wrong is told in our own words. */
function tokensOf(words: readonly string[], known: ReadonlyMap<string, Argument>) {
  const options = Object.fromEntries(
    [...known.values()].map(({ flag, kind }) => [
      flag,
      { type: kind === 'boolean' ? ('boolean' as const) : ('string' as const) },
    ]),
  )
  const { tokens } = parseArgs({
    args: [...words],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  return tokens
}

interface OptionToken {
  readonly value: string | undefined
  readonly inlineValue: boolean | undefined
}

function flagValue({ flag, kind, placeholder }: Argument, { value, inlineValue }: OptionToken) {
  if (kind === 'boolean') {
    if (value !== undefined) throw wrongUse(`--${flag} takes no value`)
    return 'true'
  }
  const isFlag = value?.startsWith('-') === true && value !== '-' && inlineValue !== true
  if (value === undefined || isFlag) {
    throw wrongUse(`--${flag} wants a value`, `write --${flag} ${placeholder}`)
  }
  return value
}

function keep(values: Map<string, Value>, argument: Argument, shown: string, text: string): void {
  const { kind, name, choices } = argument
  if (text === '') throw wrongUse(`${shown} is empty`)
  if (kind === 'boolean') values.set(name, true)
  else if (kind === 'list') {
    const before = values.get(name)
    values.set(name, [...(Array.isArray(before) ? before : []), text])
  } else if (kind === 'number') {
    if (!/^-?\d{1,15}$/.test(text)) throw wrongUse(`${shown}: "${text}" is not a whole number`)
    values.set(name, Number(text))
  } else if (kind === 'choice' && !choices.includes(text)) {
    throw wrongUse(
      `${shown}: "${text}" is none of ${choices.join(', ')}`,
      didYouMean(text, choices, 'choose one of them'),
    )
  } else values.set(name, text)
}

function checkMissing(command: WholeCommand, values: ReadonlyMap<string, Value>): void {
  const missing = command.arguments.filter(
    ({ required, how, name }) => required && how !== 'secret' && !values.has(name),
  )
  if (missing.length === 0) return
  const shown = missing.map(({ how, flag, placeholder, help }) =>
    how === 'position' ? `${placeholder} (${help})` : `--${flag} (${help})`,
  )
  throw wrongUse(`missing: ${shown.join(', ')}`, seeHelp(command))
}

function tooMuch(command: Command, word: string) {
  return wrongUse(`"${word}" is one word too many for "${command.name}"`, seeHelp(command))
}

function unknownFlag(command: Command, raw: string, flags: readonly string[]) {
  const meant = suggest(raw.replace(/^-+/, ''), flags)
  const hint = meant === undefined ? seeHelp(command) : `did you mean --${meant}?`
  return wrongUse(`"${command.name}" has no option ${raw}`, hint)
}

/** Where to read on. */
export function seeHelp({ name }: Command): string {
  return `"vitalsign help ${name}" shows what it takes, with examples`
}
