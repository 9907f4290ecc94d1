// SPDX-License-Identifier: Apache-2.0

/** Date and time with the offset of this place, whole seconds: what 21 CFR 11.50(a)(2) asks of a signature. */
export function statedNow(now: Temporal.Instant): string {
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions()
  const here = now.toZonedDateTimeISO(timeZone)
  return here.toString({ smallestUnit: 'second', timeZoneName: 'never' })
}
