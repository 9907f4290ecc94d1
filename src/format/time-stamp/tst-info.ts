// SPDX-License-Identifier: Apache-2.0
import { limits } from '#format/der/budget.ts'
import type { Oid } from '#format/der/oid.ts'
import { type DerReader, readDer } from '#format/der/reader.ts'
import { contextPrimitive, tag } from '#format/der/tag.ts'
import { encodeDer } from '#format/der/writer.ts'
import { FormatError } from '#format/format-error.ts'
import { type MessageImprint, readMessageImprint, writeMessageImprint } from './message-imprint.ts'

/** What a time-stamp says: this digest was there at this time. RFC 3161 section 2.4.2. */
export interface TstInfo {
  readonly policy: Oid
  readonly messageImprint: MessageImprint
  /** INTEGER, content octets: at most 160 bits. */
  readonly serialNumber: Uint8Array
  readonly genTime: Temporal.Instant
  /** How far `genTime` may be off, to either side; undefined: it is not said. */
  readonly accuracy: Temporal.Duration | undefined
  /** Whether two time-stamps of this authority can be ordered by `genTime` alone. */
  readonly ordering: boolean
  /** INTEGER, content octets. */
  readonly nonce: Uint8Array | undefined
}

/** A serial number may have 160 bits, and one octet for the sign. */
const mostSerialOctets = 21
const mostSeconds = 0x7fff_ffff

/**
 * Extensions and the name of the authority are read to their end and not kept.
 *
 * @throws FormatError; `extension-unknown-critical` for a critical extension
 */
export function parseTstInfo(der: Uint8Array): TstInfo {
  return readDer(der, limits.small, (reader) => {
    const inner = reader.sequence()
    const start = inner.offset
    const version = inner.smallInteger(0x7fff_ffff)
    if (version !== 1) throw new FormatError('version-unknown', start, `version ${version}`)
    const policy = inner.oid()
    const messageImprint = readMessageImprint(inner)
    const serialNumber = inner.integerBytes()
    if (serialNumber.length > mostSerialOctets)
      throw new FormatError('integer-malformed', start, `${serialNumber.length} octets of serial`)
    const genTime = readGenTime(inner)
    const accuracy = inner.peek() === tag.sequence ? readAccuracy(inner) : undefined
    const ordering = inner.peek() === tag.boolean && inner.booleanDefaultFalse()
    const nonce = inner.peek() === tag.integer ? inner.integerBytes() : undefined
    if (inner.hasContext(0)) inner.skip()
    if (inner.hasContext(1)) refuseCritical(inner)
    inner.end()
    return { policy, messageImprint, serialNumber, genTime, accuracy, ordering, nonce }
  })
}

/** GeneralizedTime in UTC, with a fraction of a second where the authority has one. RFC 3161 section 2.4.2. */
function readGenTime(reader: DerReader): Temporal.Instant {
  const start = reader.offset
  const text = new TextDecoder('latin1').decode(reader.octets(tag.generalizedTime))
  const found = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\.\d{0,8}[1-9])?Z$/.exec(text)
  if (found === null) throw new FormatError('time-malformed', start, 'not a time in UTC')
  const [, year, month, day, hour, minute, second, fraction = ''] = found
  try {
    return Temporal.Instant.from(`${year}-${month}-${day}T${hour}:${minute}:${second}${fraction}Z`)
  } catch (error) {
    if (error instanceof RangeError)
      throw new FormatError('time-malformed', start, 'no such moment')
    throw error
  }
}

function readAccuracy(reader: DerReader): Temporal.Duration {
  const inner = reader.sequence()
  const seconds = inner.peek() === tag.integer ? inner.smallInteger(mostSeconds) : 0
  const milliseconds = readThousandths(inner, 0)
  const microseconds = readThousandths(inner, 1)
  inner.end()
  return Temporal.Duration.from({ seconds, milliseconds, microseconds })
}

function readThousandths(reader: DerReader, number: number): number {
  return reader.hasPrimitive(number) ? reader.smallInteger(999, contextPrimitive(number)) : 0
}

/** `[1] IMPLICIT Extensions`: none is known, so none may be critical. */
function refuseCritical(reader: DerReader): void {
  const list = reader.context(1)
  while (list.hasMore) {
    const start = list.offset
    const extension = list.sequence()
    const oid = extension.oid()
    const critical = extension.booleanDefaultFalse()
    extension.octets()
    extension.end()
    if (critical) throw new FormatError('extension-unknown-critical', start, oid)
  }
  list.end()
}

/** Without the name of the authority, which its certificate says. */
export function encodeTstInfo(info: TstInfo): Uint8Array {
  const { accuracy, nonce } = info
  return encodeDer((writer) =>
    writer.sequence(() => {
      writer.integer(1)
      writer.oid(info.policy)
      writeMessageImprint(writer, info.messageImprint)
      writer.integerBytes(info.serialNumber)
      writer.octets(genTimeOctets(info.genTime), tag.generalizedTime)
      if (accuracy !== undefined)
        writer.sequence(() => {
          if (accuracy.seconds > 0) writer.integer(accuracy.seconds)
          if (accuracy.milliseconds > 0) writer.integer(accuracy.milliseconds, contextPrimitive(0))
          if (accuracy.microseconds > 0) writer.integer(accuracy.microseconds, contextPrimitive(1))
        })
      writer.booleanDefaultFalse(info.ordering)
      if (nonce !== undefined) writer.integerBytes(nonce)
    }),
  )
}

/** A fraction stands there only where there is one, without zeros at its end. RFC 3161 section 2.4.2. */
function genTimeOctets(genTime: Temporal.Instant): Uint8Array {
  return new TextEncoder().encode(genTime.toString().replaceAll(/[-:T]/g, ''))
}
