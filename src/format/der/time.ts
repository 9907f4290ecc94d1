// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { tag } from './tag.ts'

/** RFC 5280 4.1.2.5: the time of a certificate that has no well-defined end. */
export const noWellDefinedEnd = Temporal.Instant.from('9999-12-31T23:59:59Z')

/**
 * Reads the content of UTCTime or GeneralizedTime as RFC 5280 4.1.2.5 allows it:
 * seconds present, `Z`, no fraction, UTCTime up to the year 2049 and GeneralizedTime from 2050.
 *
 * @param anyYear GeneralizedTime in every year, where the field has no choice of type
 * @throws FormatError `time-malformed` or `time-type-wrong`
 */
export function readTime(
  bytes: Uint8Array,
  start: number,
  end: number,
  timeTag: number,
  anyYear = false,
): Temporal.Instant {
  const yearDigits = timeTag === tag.utcTime ? 2 : 4
  if (end - start !== yearDigits + 11 || bytes[end - 1] !== 0x5a)
    throw new FormatError('time-malformed', start, 'not seconds and Z')
  const year = readYear(bytes, start, timeTag, anyYear)
  const at = start + yearDigits
  const month = twoDigits(bytes, at)
  const day = twoDigits(bytes, at + 2)
  const hour = twoDigits(bytes, at + 4)
  const minute = twoDigits(bytes, at + 6)
  const second = twoDigits(bytes, at + 8)
  const fits =
    month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month) && hour < 24 && minute < 60
  if (!fits || second > 59) throw new FormatError('time-malformed', start, 'no such moment')
  const seconds = ((daysFromCivil(year, month, day) * 24 + hour) * 60 + minute) * 60 + second
  return Temporal.Instant.fromEpochMilliseconds(seconds * 1000)
}

/**
 * Checks a time whose use is not known: X.690 11.7 and 11.8 allow a fraction without trailing zeros in
 * GeneralizedTime, and the same year in either type.
 *
 * @throws FormatError `time-malformed`
 */
export function checkTime(bytes: Uint8Array, start: number, end: number, timeTag: number): void {
  const digits = timeTag === tag.utcTime ? 12 : 14
  for (let at = start; at < end - 1; at++) {
    const isPoint = at === start + digits && timeTag === tag.generalizedTime && at + 2 < end
    if (!isPoint || bytes[at] !== 0x2e) digitAt(bytes, at)
  }
  const length = end - start - 1
  const fraction = length > digits && timeTag === tag.generalizedTime
  const fits = fraction
    ? bytes[start + digits] === 0x2e && bytes[end - 2] !== 0x30
    : length === digits
  if (!fits || bytes[end - 1] !== 0x5a) throw new FormatError('time-malformed', start, 'not DER')
}

/** RFC 5280 4.1.2.5: the tag that the year of this moment asks for. */
export function timeTagOf(moment: Temporal.Instant): number {
  const milliseconds = moment.epochMilliseconds
  return milliseconds >= startOf1950 && milliseconds < startOf2050
    ? tag.utcTime
    : tag.generalizedTime
}

/**
 * The content of UTCTime or GeneralizedTime; fresh octets.
 *
 * @param timeTag by the rule of RFC 5280 4.1.2.5 unless given
 * @throws FormatError `time-malformed` if the moment has a fraction of a second or lies outside the years 0 to 9999
 */
export function encodeTime(moment: Temporal.Instant, timeTag = timeTagOf(moment)): Uint8Array {
  const milliseconds = moment.epochMilliseconds
  if (milliseconds % 1000 !== 0 || moment.epochNanoseconds % 1_000_000n !== 0n)
    throw new FormatError('time-malformed', 0, 'a fraction of a second')
  if (milliseconds < startOf0000 || milliseconds >= startOf10000)
    throw new FormatError('time-malformed', 0, 'year outside 0 to 9999')
  const day = Math.floor(milliseconds / 86_400_000)
  const second = milliseconds / 1000 - day * 86_400
  const { year, month, dayOfMonth } = civilFromDays(day)
  const octets = new Uint8Array(timeTag === tag.utcTime ? 13 : 15)
  let at = 0
  const put = (number: number) => {
    octets[at++] = 0x30 + Math.floor(number / 10)
    octets[at++] = 0x30 + (number % 10)
  }
  if (timeTag !== tag.utcTime) put(Math.floor(year / 100))
  put(year % 100)
  put(month)
  put(dayOfMonth)
  put(Math.floor(second / 3600))
  put(Math.floor(second / 60) % 60)
  put(second % 60)
  octets[at] = 0x5a
  return octets
}

const startOf0000 = -62_167_219_200_000
const startOf10000 = 253_402_300_800_000
const startOf1950 = -631_152_000_000
const startOf2050 = 2_524_608_000_000

function readYear(bytes: Uint8Array, start: number, timeTag: number, anyYear: boolean): number {
  const high = twoDigits(bytes, start)
  if (timeTag === tag.utcTime) return high < 50 ? 2000 + high : 1900 + high
  const year = high * 100 + twoDigits(bytes, start + 2)
  if (!anyYear && year >= 1950 && year < 2050)
    throw new FormatError('time-type-wrong', start, `GeneralizedTime for ${year}`)
  return year
}

function twoDigits(bytes: Uint8Array, at: number): number {
  return digitAt(bytes, at) * 10 + digitAt(bytes, at + 1)
}

function digitAt(bytes: Uint8Array, at: number): number {
  const digit = bytes[at]! - 0x30
  if (digit >= 0 && digit <= 9) return digit
  throw new FormatError('time-malformed', at, 'not a digit')
}

function daysIn(year: number, month: number): number {
  if (month !== 2) return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
}

/** Days since 1970-01-01 of a date in the proleptic Gregorian calendar, for years from 0. */
function daysFromCivil(year: number, month: number, day: number): number {
  const shifted = month > 2 ? year : year - 1
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

/** The date so many days after 1970-01-01, in the proleptic Gregorian calendar, for years from 0. */
function civilFromDays(days: number): { year: number; month: number; dayOfMonth: number } {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  )
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    dayOfMonth: dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1,
  }
}
