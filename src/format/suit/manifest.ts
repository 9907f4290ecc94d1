// SPDX-License-Identifier: Apache-2.0
import { major } from '#format/cbor/major.ts'
import type { CborReader } from '#format/cbor/reader.ts'
import { FormatError } from '#format/format-error.ts'
import { commandsOf, readWrappedSequence, type SuitCommand, type SuitSequence } from './commands.ts'
import { readDigest, type SuitDigest } from './digest.ts'
import {
  commonKeys,
  manifestKeys,
  severableMembers,
  textKey,
  unseverableSequences,
} from './numbers.ts'

/** Where a component lies, in the words of its device. */
export type SuitComponent = readonly Uint8Array[]

/** A member that may be severed: it stands here, or its digest does and it stands in the envelope, or nowhere any more. */
export type SuitMember =
  | { readonly kind: 'sequence'; readonly sequence: SuitSequence }
  | { readonly kind: 'severed'; readonly digest: SuitDigest }
  /** Text for people, whatever it is. */
  | { readonly kind: 'text'; readonly bytes: Uint8Array }

/** @see draft-ietf-suit-manifest-37 section 8.4 */
export interface SuitManifest {
  readonly sequenceNumber: number
  readonly components: readonly SuitComponent[]
  readonly shared: SuitSequence
  readonly referenceUri: string | undefined
  /** validate, load, invoke. */
  readonly sequences: ReadonlyMap<string, SuitSequence>
  /** payload-fetch, install, text; by their key. */
  readonly members: ReadonlyMap<number, SuitMember>
  /** Keys that this draft does not have (others do): read over, and for the caller to tell. */
  readonly unknown: readonly number[]
  /** The same of its common section. */
  readonly unknownInCommon: readonly number[]
}

const names: Readonly<Record<number, string>> = { ...severableMembers, ...unseverableSequences }

/** The manifest, as the next item. */
export function readManifest(reader: CborReader): SuitManifest {
  const start = reader.offset
  const sequences = new Map<string, SuitSequence>()
  const members = new Map<number, SuitMember>()
  const unknown: number[] = []
  let version: number | undefined
  let sequenceNumber: number | undefined
  let common: Common | undefined
  let referenceUri: string | undefined
  reader.map(
    () => reader.integer(),
    (key, offset) => {
      if (key === manifestKeys.version) version = readVersion(reader, offset)
      else if (key === manifestKeys.sequenceNumber) sequenceNumber = reader.unsigned()
      else if (key === manifestKeys.common) common = readCommon(reader)
      else if (key === manifestKeys.referenceUri) referenceUri = reader.text()
      else if (key in severableMembers) members.set(key, readMember(reader, key))
      else if (key in unseverableSequences)
        sequences.set(names[key] ?? '', readWrappedSequence(reader))
      else {
        unknown.push(key)
        reader.item()
      }
    },
  )
  if (version === undefined || sequenceNumber === undefined || common === undefined)
    throw new FormatError('element-missing', start, 'version, sequence number or common')
  return { ...common, sequenceNumber, referenceUri, sequences, members, unknown }
}

function readVersion(reader: CborReader, offset: number): number {
  const version = reader.unsigned()
  if (version !== 1) throw new FormatError('version-unknown', offset, `manifest ${version}`)
  return version
}

interface Common {
  readonly components: readonly SuitComponent[]
  readonly shared: SuitSequence
  readonly unknownInCommon: readonly number[]
}

function readCommon(reader: CborReader): Common {
  const inner = reader.wrapped()
  const start = inner.offset
  let components: SuitComponent[] = []
  let shared: SuitSequence = []
  const unknownInCommon: number[] = []
  inner.map(
    () => inner.integer(),
    (key) => {
      if (key === commonKeys.components)
        components = inner.array(() => inner.array(() => inner.byteString()))
      else if (key === commonKeys.sharedSequence) shared = readWrappedSequence(inner)
      else {
        unknownInCommon.push(key)
        inner.item()
      }
    },
  )
  inner.end()
  if (components.length === 0) throw new FormatError('element-missing', start, 'no component')
  return { components, shared, unknownInCommon }
}

function readMember(reader: CborReader, key: number): SuitMember {
  if (reader.peek() === major.array) return { kind: 'severed', digest: readDigest(reader) }
  return key === textKey
    ? { kind: 'text', bytes: reader.byteString() }
    : { kind: 'sequence', sequence: readWrappedSequence(reader) }
}

/** Every command of a manifest, with the name of the sequence that it stands in; severed ones are elsewhere. */
export function* commandsIn(
  manifest: SuitManifest,
): Generator<{ readonly where: string; readonly command: SuitCommand }> {
  for (const [where, sequence] of sequencesIn(manifest))
    for (const command of commandsOf(sequence)) yield { where, command }
}

/** The sequences of a manifest by name, in the order in which a device may run them. */
export function sequencesIn(manifest: SuitManifest): (readonly [string, SuitSequence])[] {
  const severable = [...manifest.members].flatMap(([key, member]) =>
    member.kind === 'sequence' ? [[names[key] ?? '', member.sequence] as const] : [],
  )
  return [['shared', manifest.shared], ...severable, ...manifest.sequences]
}
