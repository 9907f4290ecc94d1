// SPDX-License-Identifier: Apache-2.0

/** The instant that `YYYYMMDDhhmmssZ` names; undefined if the calendar has none such. */
export function parseGeneralizedTime(text: string): Temporal.Instant | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)
  if (parts === null) return undefined
  const [, year, month, day, hour, minute, second] = parts
  if (second === '60') return undefined // Temporal would read a leap second as 59
  try {
    return Temporal.Instant.from(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
