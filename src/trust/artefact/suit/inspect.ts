// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '#format/archive/byte-source.ts'
import { cborLimits } from '#format/cbor/limits.ts'
import type { CborValue } from '#format/cbor/value.ts'
import { FormatError } from '#format/format-error.ts'
import type { SuitCommand, SuitSequence } from '#format/suit/commands.ts'
import { parseSuitEnvelope, type SuitEnvelope } from '#format/suit/envelope.ts'
import { severableMembers, suitDigests, suitDraft, suitParameters } from '#format/suit/numbers.ts'
import { coseNameOf } from '#trust/cose/algorithms.ts'
import type { Anatomy, AnatomyPart } from '../form.ts'
import { readWhole } from '../read-source.ts'
import { digestHolds } from './digest.ts'
import { imagesOf } from './images.ts'
import { allSequences } from './unknown-command.ts'
import { formatUuid } from './uuid.ts'

type Fact = readonly [string, string]

export async function inspectSuit(source: ByteSource): Promise<Anatomy> {
  try {
    const bytes = await readWhole(source, cborLimits.suitEnvelope.maxBytes)
    const envelope = parseSuitEnvelope(bytes)
    return {
      title: `SUIT envelope (${suitDraft}), sequence number ${envelope.manifest.sequenceNumber}`,
      parts: [
        ...envelope.blocks.map(partOfBlock),
        partOfManifest(envelope),
        ...envelope.severed.map((one) => partOfSevered(envelope, one)),
        ...envelope.payloads.map(partOfPayload),
      ],
    }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    const what = `cannot be read: ${error.message}`
    return {
      title: `SUIT envelope (${suitDraft}), damaged`,
      parts: [{ name: 'envelope', offset: 0, octets: source.size ?? 0, what, facts: [] }],
    }
  }
}

function partOfBlock(
  { sign1, bytes, offset }: SuitEnvelope['blocks'][number],
  index: number,
): AnatomyPart {
  const name = `signature ${index + 1}`
  const octets = bytes.length
  if (sign1 === undefined)
    return { name, offset, octets, what: 'of another kind than COSE_Sign1: not read', facts: [] }
  const keyId = sign1.protected.keyId ?? sign1.unprotected.keyId
  const { timeStamp } = sign1.unprotected
  return {
    ...{ name, offset, octets, what: coseNameOf(sign1.protected.algorithm) },
    facts: [
      ['key', keyId?.toHex() ?? 'not named'],
      ...(timeStamp === undefined ? [] : [['time-stamp', `${timeStamp.length} octets`] as const]),
    ],
  }
}

function partOfManifest(envelope: SuitEnvelope): AnatomyPart {
  const { manifest, manifestEncoded, digest } = envelope
  const holds = digestHolds(digest, manifestEncoded) ? 'as signed' : 'not as signed'
  return {
    name: 'manifest',
    offset: envelope.manifestOffset,
    octets: manifestEncoded.length,
    what: `what is signed by its digest, ${holds}`,
    facts: [
      ['digest', `${digestName(digest.algorithm)} ${digest.bytes.toHex()}`],
      ['sequence number', `${manifest.sequenceNumber}`],
      ...(manifest.referenceUri === undefined
        ? []
        : [['reference', manifest.referenceUri] as const]),
      ...imagesOf(envelope).flatMap(factsOfImage),
      ...allSequences(envelope).flatMap(([where, sequence]) => factsOfSequence(where, sequence)),
      ...manifest.unknown.map((key) => ['not of this draft', `manifest key ${key}`] as const),
      ...envelope.unknown.map((key) => ['not of this draft', `envelope key ${key}`] as const),
    ],
  }
}

function factsOfImage(image: ReturnType<typeof imagesOf>[number]): readonly Fact[] {
  return [
    ['component', image.name],
    ...image.vendors.map((one) => ['vendor', formatUuid(one)] as const),
    ...image.classes.map((one) => ['class', formatUuid(one)] as const),
    ...image.digests.map(
      ({ algorithm, bytes }) => ['image', `${digestName(algorithm)} ${bytes.toHex()}`] as const,
    ),
    ...image.sizes.map((one) => ['octets', `${one}`] as const),
    ...image.uris.map((one) => ['from', one] as const),
  ]
}

function factsOfSequence(where: string, sequence: SuitSequence, depth = 0): readonly Fact[] {
  return sequence.flatMap((command): Fact[] => {
    const here: Fact = [where, `${'  '.repeat(depth)}${wordsOf(command)}`]
    const { argument } = command
    if (argument.kind === 'sequence')
      return [here, ...factsOfSequence(where, argument.sequence, depth + 1)]
    if (argument.kind !== 'sequences') return [here]
    const inside = argument.sequences.map((one): readonly Fact[] =>
      one === undefined
        ? [[where, `${'  '.repeat(depth + 1)}or nothing`]]
        : factsOfSequence(where, one, depth + 1),
    )
    return [here, ...inside.flat()]
  })
}

function wordsOf({ number, name, argument }: SuitCommand): string {
  const known =
    name ?? (number < 0 ? `the maker's own command ${number}` : `unknown command ${number}`)
  switch (argument.kind) {
    case 'index':
      return `${known} ${argument.components === true ? 'all' : argument.components.join(', ')}`
    case 'parameters':
      return `${known} ${argument.parameters.map(({ number: key }) => suitParameters.get(key) ?? `unknown ${key}`).join(', ')}`
    case 'other':
      return `${known} ${shown(argument.value)}`
    default:
      return known
  }
}

function shown(value: CborValue): string {
  if (value instanceof Uint8Array) return `0x${value.subarray(0, 32).toHex()}`
  return typeof value === 'object' && value !== null ? 'with an argument' : `${value}`
}

function digestName(algorithm: number): string {
  return suitDigests.get(algorithm)?.name ?? `digest ${algorithm}`
}

function partOfSevered(
  { manifest }: SuitEnvelope,
  { key, encoded, offset }: SuitEnvelope['severed'][number],
): AnatomyPart {
  const member = manifest.members.get(key)
  const holds = member?.kind === 'severed' && digestHolds(member.digest, encoded)
  return {
    name: severableMembers[key as keyof typeof severableMembers],
    ...{ offset, octets: encoded.length, facts: [] },
    what: `severed from the manifest, ${holds ? 'as its digest says' : 'not as its digest says'}`,
  }
}

function partOfPayload({ name, offset, bytes }: SuitEnvelope['payloads'][number]): AnatomyPart {
  return { name, offset, octets: bytes.length, what: 'integrated payload', facts: [] }
}
