// SPDX-License-Identifier: Apache-2.0
import { major } from '#format/cbor/major.ts'
import type { CborReader } from '#format/cbor/reader.ts'
import type { CborValue } from '#format/cbor/value.ts'
import { FormatError } from '#format/format-error.ts'
import { readDigest, type SuitDigest } from './digest.ts'
import { parameterKeys, suitCommands } from './numbers.ts'

/** A condition or a directive. @see draft-ietf-suit-manifest-37 sections 8.4.9, 8.4.10 */
export interface SuitCommand {
  readonly number: number
  /** Undefined: this draft has no such command. */
  readonly name: string | undefined
  readonly argument: SuitArgument
}

export type SuitArgument =
  | { readonly kind: 'policy'; readonly bits: number }
  /** Indices of components; true: all of them. */
  | { readonly kind: 'index'; readonly components: readonly number[] | true }
  /** Undefined: the empty one, which always succeeds. */
  | { readonly kind: 'sequences'; readonly sequences: readonly (SuitSequence | undefined)[] }
  | { readonly kind: 'sequence'; readonly sequence: SuitSequence }
  | { readonly kind: 'parameters'; readonly parameters: readonly SuitParameter[] }
  | { readonly kind: 'other'; readonly value: CborValue }

export type SuitSequence = readonly SuitCommand[]

export interface SuitParameter {
  readonly number: number
  readonly value: CborValue
  /** Of the image digest, what is inside its byte string. */
  readonly digest: SuitDigest | undefined
}

/** A command sequence: an array of numbers and arguments by turns, at least one of each. */
export function readSequence(reader: CborReader): SuitSequence {
  const start = reader.offset
  const commands: SuitCommand[] = []
  let number: number | undefined
  reader.array(() => {
    if (number === undefined) number = reader.integer()
    else {
      commands.push(readCommand(reader, number))
      number = undefined
    }
  })
  if (number !== undefined)
    throw new FormatError('element-missing', start, `argument of command ${number}`)
  if (commands.length === 0) throw new FormatError('element-missing', start, 'no command')
  return commands
}

/** A sequence inside a byte string. */
export function readWrappedSequence(reader: CborReader): SuitSequence {
  const inner = reader.wrapped()
  const sequence = readSequence(inner)
  inner.end()
  return sequence
}

function readCommand(reader: CborReader, number: number): SuitCommand {
  const row = suitCommands.get(number)
  return { number, name: row?.name, argument: readArgument(reader, row?.argument) }
}

function readArgument(
  reader: CborReader,
  kind: Exclude<SuitArgument['kind'], 'other'> | undefined,
): SuitArgument {
  switch (kind) {
    case 'policy':
      return { kind, bits: reader.between(0, 15, 'reporting policy') }
    case 'index':
      return { kind, components: readIndex(reader) }
    case 'sequence':
      return { kind, sequence: readWrappedSequence(reader) }
    case 'sequences':
      return { kind, sequences: readSequences(reader) }
    case 'parameters':
      return { kind, parameters: readParameters(reader) }
    case undefined:
      return { kind: 'other', value: reader.item() }
  }
}

function readIndex(reader: CborReader): readonly number[] | true {
  const start = reader.offset
  if (reader.peek() === major.unsigned) return [reader.unsigned()]
  if (reader.peek() === major.array) return reader.array(() => reader.unsigned())
  if (!reader.boolean()) throw new FormatError('value-not-allowed', start, 'component index false')
  return true
}

function readSequences(reader: CborReader): (SuitSequence | undefined)[] {
  const start = reader.offset
  const sequences = reader.array(() => {
    if (!reader.isNull()) return readWrappedSequence(reader)
    reader.null()
    return
  })
  // SUIT_Directive_Try_Each_Argument: two at least, and only the last may be nil.
  if (sequences.length < 2 || sequences.slice(0, -1).includes(undefined))
    throw new FormatError('value-not-allowed', start, 'sequences of try-each')
  return sequences
}

function readParameters(reader: CborReader): SuitParameter[] {
  const start = reader.offset
  const parameters: SuitParameter[] = []
  reader.map(
    () => reader.integer(),
    (number) => parameters.push(readParameter(reader, number)),
  )
  if (parameters.length === 0) throw new FormatError('element-missing', start, 'no parameter')
  return parameters
}

function readParameter(reader: CborReader, number: number): SuitParameter {
  switch (number) {
    case parameterKeys.imageDigest: {
      const inner = reader.wrapped()
      const first = inner.offset
      const digest = readDigest(inner)
      inner.end()
      return { number, value: inner.since(first), digest }
    }
    case parameterKeys.classIdentifier:
      return plain(number, reader.bytesOf(16, 'class identifier'))
    case parameterKeys.imageSize:
      return plain(number, reader.unsigned())
    case parameterKeys.uri:
      return plain(number, reader.text())
    default:
      return plain(number, reader.item())
  }
}

function plain(number: number, value: CborValue): SuitParameter {
  return { number, value, digest: undefined }
}

/** Every command of a sequence, those of sequences inside it too, in their order. */
export function* commandsOf(sequence: SuitSequence): Generator<SuitCommand> {
  for (const command of sequence) {
    yield command
    const { argument } = command
    if (argument.kind === 'sequence') yield* commandsOf(argument.sequence)
    if (argument.kind === 'sequences')
      for (const one of argument.sequences) if (one !== undefined) yield* commandsOf(one)
  }
}
