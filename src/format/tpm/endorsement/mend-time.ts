// SPDX-License-Identifier: Apache-2.0
import type { DerReader } from '#format/der/reader.ts'
import { tag } from '#format/der/tag.ts'
import { encodeTime, timeTagOf } from '#format/der/time.ts'
import { encodeDer } from '#format/der/writer.ts'
import { FormatError } from '#format/format-error.ts'
import type { Note } from './oddities.ts'

/** What X.680 lets a time look like: seconds may be absent, a fraction may follow, `Z` or an offset ends it. */
const utcForm = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(Z|[+-]\d{4})$/
const generalizedForm = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(?:[.,]\d{1,9})?(Z|[+-]\d{4})$/

const latin1 = new TextDecoder('latin1')

/**
 * One time as RFC 5280 4.1.2.5 writes it. Absent seconds are 00, a fraction is cut off.
 *
 * @throws FormatError `time-malformed` if there is no such moment
 */
export function mendTime(reader: DerReader, note: Note): Uint8Array {
  const start = reader.offset
  const found = reader.peek() === tag.generalizedTime ? tag.generalizedTime : tag.utcTime
  const text = latin1.decode(reader.octets(found))
  const moment = momentOf(text, found, start)
  const plain = encodeTime(moment)
  if (found !== timeTagOf(moment) || text !== latin1.decode(plain)) note('time-form')
  return encodeDer((writer) => writer.octets(plain, timeTagOf(moment)))
}

function momentOf(text: string, found: number, start: number): Temporal.Instant {
  const parts = (found === tag.utcTime ? utcForm : generalizedForm).exec(text)
  if (parts === null) throw new FormatError('time-malformed', start)
  const [, digits = '', month, day, hour, minute, second = '00', zone = 'Z'] = parts
  const year = found === tag.generalizedTime ? digits : `${digits < '50' ? '20' : '19'}${digits}`
  const offset = zone === 'Z' ? zone : `${zone.slice(0, 3)}:${zone.slice(3)}`
  // Temporal reads a leap second as the one before it; a certificate has none.
  if (second === '60') throw new FormatError('time-malformed', start, 'no such moment')
  try {
    return Temporal.Instant.from(`${year}-${month}-${day}T${hour}:${minute}:${second}${offset}`)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new FormatError('time-malformed', start, 'no such moment')
  }
}
