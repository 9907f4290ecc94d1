// SPDX-License-Identifier: Apache-2.0
import type { Oid } from '#format/der/oid.ts'
import type { DerReader } from '#format/der/reader.ts'
import { contextPrimitive, hexTag, tag } from '#format/der/tag.ts'
import type { DerWriter } from '#format/der/writer.ts'
import { FormatError } from '#format/format-error.ts'
import { otherNames } from '#format/oids.ts'
import { type Name, readName } from './name.ts'

/** RFC 4108 5: which kind of hardware (an OID of its maker), and its serial number as octets. */
export interface HardwareModuleName {
  readonly kind: 'hardwareModuleName'
  readonly hardwareType: Oid
  readonly serialNumber: Uint8Array
}

/** RFC 4043 2: an identifier that its assigner never gives twice. */
export interface PermanentIdentifier {
  readonly kind: 'permanentIdentifier'
  readonly identifier?: string
  readonly assigner?: Oid
}

/**
 * RFC 5280 4.2.1.6. Text is as it stands in the bytes, IA5, syntax not checked (a linter's rule).
 *
 * `ip` holds 4 or 16 octets; in name constraints 8 or 32: address and mask. `other` holds the DER in its [0].
 * x400Address and ediPartyName are refused.
 */
export type GeneralName =
  | { readonly kind: 'dns' | 'email' | 'uri'; readonly value: string }
  | { readonly kind: 'ip'; readonly bytes: Uint8Array }
  | { readonly kind: 'directory'; readonly name: Name }
  | { readonly kind: 'registeredId'; readonly oid: Oid }
  | { readonly kind: 'other'; readonly type: Oid; readonly value: Uint8Array }
  | HardwareModuleName
  | PermanentIdentifier

/** Octets of an iPAddress: an address, or an address with its mask in name constraints. */
export type IpLengths = readonly [number, number]
const addressLengths: IpLengths = [4, 16]

/** Numbers of the CHOICE. */
const choice = { other: 0, email: 1, dns: 2, directory: 4, uri: 6, ip: 7, registeredId: 8 } as const

export function readGeneralName(reader: DerReader, ipLengths = addressLengths): GeneralName {
  const octet = reader.peek()
  switch (octet & 0x1f) {
    case choice.other:
      return readOtherName(reader)
    case choice.email:
      return { kind: 'email', value: reader.contextText(choice.email, tag.ia5String) }
    case choice.dns:
      return { kind: 'dns', value: reader.contextText(choice.dns, tag.ia5String) }
    case choice.directory:
      return readDirectoryName(reader)
    case choice.uri:
      return { kind: 'uri', value: reader.contextText(choice.uri, tag.ia5String) }
    case choice.ip:
      return readIp(reader, ipLengths)
    case choice.registeredId:
      return { kind: 'registeredId', oid: reader.oid(contextPrimitive(choice.registeredId)) }
    default:
      if (octet === -1) throw new FormatError('element-missing', reader.offset)
      throw new FormatError('tag-not-expected', reader.offset, `${hexTag(octet)} as general name`)
  }
}

/** GeneralNames: at least one. */
export function readGeneralNames(
  reader: DerReader,
  expected: number = tag.sequence,
): GeneralName[] {
  const names = reader.nonEmpty(expected)
  const read: GeneralName[] = []
  while (names.hasMore) read.push(readGeneralName(names))
  return read
}

function readDirectoryName(reader: DerReader): GeneralName {
  // A CHOICE cannot be tagged implicitly: [4] is explicit.
  const inner = reader.context(choice.directory)
  const name = readName(inner)
  inner.end()
  return { kind: 'directory', name }
}

function readIp(reader: DerReader, ipLengths: IpLengths): GeneralName {
  const start = reader.offset
  const bytes = reader.octets(contextPrimitive(choice.ip))
  if (!ipLengths.includes(bytes.length))
    throw new FormatError('value-not-allowed', start, `address of ${bytes.length} octets`)
  return { kind: 'ip', bytes }
}

function readOtherName(reader: DerReader): GeneralName {
  const other = reader.context(choice.other)
  const type = other.oid()
  const explicit = other.context(0)
  const name = readOtherValue(explicit, type)
  explicit.end()
  other.end()
  return name
}

function readOtherValue(explicit: DerReader, type: Oid): GeneralName {
  if (type === otherNames.hardwareModuleName) return readHardwareModuleName(explicit)
  if (type === otherNames.permanentIdentifier) return readPermanentIdentifier(explicit)
  return { kind: 'other', type, value: explicit.any() }
}

function readHardwareModuleName(explicit: DerReader): HardwareModuleName {
  const inner = explicit.sequence()
  const hardwareType = inner.oid()
  const serialNumber = inner.octets()
  inner.end()
  return { kind: 'hardwareModuleName', hardwareType, serialNumber }
}

function readPermanentIdentifier(explicit: DerReader): PermanentIdentifier {
  const inner = explicit.sequence()
  const identifier = inner.peek() === tag.utf8String ? inner.text(tag.utf8String) : undefined
  const assigner = inner.hasMore ? inner.oid() : undefined
  inner.end()
  return {
    kind: 'permanentIdentifier',
    ...(identifier === undefined ? {} : { identifier }),
    ...(assigner === undefined ? {} : { assigner }),
  }
}

export function writeGeneralName(writer: DerWriter, name: GeneralName): void {
  switch (name.kind) {
    case 'dns':
    case 'email':
    case 'uri':
      writer.contextText(choice[name.kind], name.value, tag.ia5String)
      break
    case 'ip':
      writer.octets(name.bytes, contextPrimitive(choice.ip))
      break
    case 'directory':
      writer.context(choice.directory, () => writer.raw(name.name.der))
      break
    case 'registeredId':
      writer.oid(name.oid, contextPrimitive(choice.registeredId))
      break
    case 'other':
      writeOtherName(writer, name.type, () => writer.raw(name.value))
      break
    case 'hardwareModuleName':
      writeOtherName(writer, otherNames.hardwareModuleName, () => {
        writer.sequence(() => {
          writer.oid(name.hardwareType)
          writer.octets(name.serialNumber)
        })
      })
      break
    case 'permanentIdentifier':
      writeOtherName(writer, otherNames.permanentIdentifier, () => {
        writer.sequence(() => {
          if (name.identifier !== undefined) writer.text(name.identifier, tag.utf8String)
          if (name.assigner !== undefined) writer.oid(name.assigner)
        })
      })
      break
  }
}

export function writeGeneralNames(
  writer: DerWriter,
  names: readonly GeneralName[],
  octet: number = tag.sequence,
): void {
  writer.constructed(octet, () => {
    for (const name of names) writeGeneralName(writer, name)
  })
}

function writeOtherName(writer: DerWriter, type: Oid, value: () => void): void {
  writer.context(choice.other, () => {
    writer.oid(type)
    writer.context(0, value)
  })
}
