// SPDX-License-Identifier: Apache-2.0
import { limits } from '#format/der/budget.ts'
import type { Oid } from '#format/der/oid.ts'
import { type DerReader, readDer } from '#format/der/reader.ts'
import { tag } from '#format/der/tag.ts'
import { type DerWriter, encodeDer } from '#format/der/writer.ts'
import { FormatError } from '#format/format-error.ts'
import {
  type ExtensionName,
  type ExtensionValues,
  extensionCodecs,
} from '#format/x509/extensions/table.ts'

export type { ExtensionName, ExtensionValues } from '#format/x509/extensions/table.ts'

/** RFC 5280 4.2; `value` is the content of extnValue. */
export interface Extension {
  readonly oid: Oid
  readonly critical: boolean
  readonly value: Uint8Array
}

/** What happens to a critical extension that is not in the table: RFC 5280 4.2 says refuse. */
export type UnknownCritical = 'refuse' | 'keep'

const readers = new Map<Oid, (reader: DerReader) => unknown>(
  Object.values(extensionCodecs).map(({ oid, read }) => [oid, read]),
)

/**
 * Reads Extensions: at least one, none twice; each that is understood is checked to the last byte.
 *
 * @throws FormatError `extension-duplicate`, `extension-unknown-critical`, or what a value has wrong
 */
export function readExtensions(reader: DerReader, unknownCritical: UnknownCritical): Extension[] {
  const sequence = reader.nonEmpty(tag.sequence)
  const extensions: Extension[] = []
  while (sequence.hasMore) {
    const start = sequence.offset
    const extension = readOne(sequence, unknownCritical)
    if (extensions.some((other) => other.oid === extension.oid))
      throw new FormatError('extension-duplicate', start, extension.oid)
    extensions.push(extension)
  }
  return extensions
}

function readOne(sequence: DerReader, unknownCritical: UnknownCritical): Extension {
  const start = sequence.offset
  const inner = sequence.sequence()
  const oid = inner.oid()
  const critical = inner.booleanDefaultFalse()
  const read = readers.get(oid)
  if (read === undefined && critical && unknownCritical === 'refuse')
    throw new FormatError('extension-unknown-critical', start, oid)
  const value = inner.wrapped()
  const bytes = value.rest()
  inner.end()
  if (read !== undefined) {
    read(value)
    value.end()
  }
  return { oid, critical, value: bytes }
}

/**
 * What the named extension says, or undefined if it is not there.
 *
 * @throws FormatError if its value is malformed (never for extensions that a parser of this house returned);
 * offsets count from the start of the value
 */
export function readExtension<N extends ExtensionName>(
  extensions: readonly Extension[],
  name: N,
): ExtensionValues[N] | undefined {
  const { oid, read } = extensionCodecs[name]
  const found = extensions.find((extension) => extension.oid === oid)
  return found && readDer(found.value, limits.certificate, read)
}

/** Whether the named extension is there and critical. */
export function isCritical(extensions: readonly Extension[], name: ExtensionName): boolean {
  const { oid } = extensionCodecs[name]
  return extensions.some((extension) => extension.oid === oid && extension.critical)
}

/** Builds an extension; criticality is the table's unless given. */
export function encodeExtension<N extends ExtensionName>(
  name: N,
  value: ExtensionValues[N],
  critical?: boolean,
): Extension {
  const codec = extensionCodecs[name]
  return {
    oid: codec.oid,
    critical: critical ?? codec.critical,
    value: encodeDer((writer) => codec.write(writer, value)),
  }
}

/** Writes Extensions, a SEQUENCE OF, in the order given. */
export function writeExtensions(writer: DerWriter, extensions: readonly Extension[]): void {
  writer.sequence(() => {
    for (const extension of extensions)
      writer.sequence(() => {
        writer.oid(extension.oid)
        writer.booleanDefaultFalse(extension.critical)
        writer.octets(extension.value)
      })
  })
}
