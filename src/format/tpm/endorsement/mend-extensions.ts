// SPDX-License-Identifier: Apache-2.0
import { limits } from '#format/der/budget.ts'
import { type Oid, oid } from '#format/der/oid.ts'
import { DerReader, readDer } from '#format/der/reader.ts'
import { contextConstructed, tag } from '#format/der/tag.ts'
import { encodeDer } from '#format/der/writer.ts'
import { FormatError } from '#format/format-error.ts'
import { extensionCodecs } from '#format/x509/extensions/table.ts'
import { keyUsageNames } from '#format/x509/extensions/usage.ts'
import { mendName } from './mend-name.ts'
import type { Note } from './oddities.ts'

/** The arc of the Trusted Computing Group. */
const tcgArc = '2.23.133.'
/** The TCG's profile asks for it and says that it is not critical; RFC 5280 4.2.1.8 says the same. */
const subjectDirectoryAttributes = oid('2.5.29.9')

/** Those that only help to find or to describe; all others restrict, and are never passed over. */
const helpful: ReadonlySet<Oid> = new Set(
  (
    [
      'authorityInfoAccess',
      'authorityKeyIdentifier',
      'certificatePolicies',
      'issuerAltName',
      'subjectInfoAccess',
      'subjectKeyIdentifier',
    ] as const
  ).map((name) => extensionCodecs[name].oid),
)

/** `[3] EXPLICIT Extensions`, each mended or, where it only helps and cannot be read, left out. */
export function mendExtensions(reader: DerReader, note: Note): Uint8Array {
  const explicit = reader.context(3)
  const extensions = explicit.sequenceOf((sequence) => mendExtension(sequence, note))
  explicit.end()
  const kept = extensions.filter((extension) => extension !== undefined)
  return encodeDer((writer) =>
    writer.context(3, () =>
      writer.sequence(() => {
        for (const extension of kept) writer.raw(extension)
      }),
    ),
  )
}

function mendExtension(sequence: DerReader, note: Note): Uint8Array | undefined {
  const extension = sequence.sequence()
  const id = extension.oid()
  const critical = mendBoolean(extension, note)
  const value = mendValue(id, extension.octets(), note)
  extension.end()
  const foreign = id.startsWith(tcgArc) || id === subjectDirectoryAttributes
  if (foreign && critical) note('extension-critical')
  if (!critical && helpful.has(id) && !isReadable(id, value)) {
    note('extension-unreadable')
    return undefined
  }
  return encodeDer((writer) =>
    writer.sequence(() => {
      writer.oid(id)
      writer.booleanDefaultFalse(critical && !foreign)
      writer.octets(value)
    }),
  )
}

/** BOOLEAN DEFAULT FALSE of BER: absent, 00, or anything else for true. */
function mendBoolean(reader: DerReader, note: Note): boolean {
  if (reader.peek() !== tag.boolean) return false
  const start = reader.offset
  const [octet, ...more] = reader.octets(tag.boolean)
  if (octet === undefined || more.length > 0) throw new FormatError('boolean-not-canonical', start)
  if (octet !== 0xff) note('boolean-encoding')
  return octet !== 0
}

function mendValue(id: Oid, value: Uint8Array, note: Note): Uint8Array {
  switch (id) {
    case extensionCodecs.basicConstraints.oid:
      return mendBasicConstraints(value, note)
    case extensionCodecs.keyUsage.oid:
      return mendKeyUsage(value, note)
    case extensionCodecs.subjectAltName.oid:
      return mendAlternativeName(value, note)
    default:
      return value
  }
}

function mendBasicConstraints(value: Uint8Array, note: Note): Uint8Array {
  return readDer(value, limits.small, (reader) => {
    const constraints = reader.sequence()
    const ca = mendBoolean(constraints, note)
    const rest = constraints.rest()
    if (rest.length > 0) constraints.skip()
    constraints.end()
    return encodeDer((writer) =>
      writer.sequence(() => {
        writer.booleanDefaultFalse(ca)
        writer.raw(rest)
      }),
    )
  })
}

/** X.690 11.2.2: a list of named bits ends with its last one. */
function mendKeyUsage(value: Uint8Array, note: Note): Uint8Array {
  return readDer(value, limits.small, (reader) => {
    const start = reader.offset
    const [unused = 0, ...octets] = reader.octets(tag.bitString)
    let mask = 0
    for (const [index, octet] of octets.entries())
      for (let bit = 0; bit < 8; bit++)
        if ((octet >> (7 - bit)) & 1) mask |= namedBit(index * 8 + bit, start)
    const mended = encodeDer((writer) => writer.namedBits(mask))
    const plain = Uint8Array.of(tag.bitString, octets.length + 1, unused, ...octets)
    if (plain.toHex() !== mended.toHex()) note('key-usage-encoding')
    return mended
  })
}

function namedBit(bit: number, offset: number): number {
  if (bit < keyUsageNames.length) return 1 << bit
  throw new FormatError('bit-string-malformed', offset, `bit ${bit} has no name`)
}

/** Directory names are mended; every other form stays as it is. */
function mendAlternativeName(value: Uint8Array, note: Note): Uint8Array {
  const directory = contextConstructed(4)
  return readDer(value, limits.certificate, (reader) => {
    const names = reader.sequenceOf((one) => {
      const start = one.offset
      if (one.peek() !== directory) {
        one.octets(one.peek())
        return one.since(start)
      }
      const explicit = one.context(4)
      const name = mendName(explicit, note)
      explicit.end()
      return encodeDer((writer) => writer.context(4, () => writer.raw(name)))
    })
    return encodeDer((writer) =>
      writer.sequence(() => {
        for (const name of names) writer.raw(name)
      }),
    )
  })
}

function isReadable(id: Oid, value: Uint8Array): boolean {
  const codec = Object.values(extensionCodecs).find((one) => one.oid === id)
  try {
    const reader = DerReader.over(value, limits.certificate)
    codec?.read(reader)
    reader.end()
    return true
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return false
  }
}
