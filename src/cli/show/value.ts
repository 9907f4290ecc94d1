// SPDX-License-Identifier: Apache-2.0

const instant = /^(\d{4})-(\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z$/

/** The last instant that a certificate can name: it does not end (RFC 5280 section 4.1.2.5). */
const forEver = '9999-12-31T23:59:59Z'

/** A value of an answer as a person reads it, in one line. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined || value === '') return '-'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'string') return timeText(value) ?? printable(value)
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map(valueText).join(', ')
  if (typeof value === 'object') return partsText(value)
  return String(value)
}

/** `2026-11-22 18:15:07Z`; undefined if it is no time. */
function timeText(text: string): string | undefined {
  if (text === forEver) return 'for ever'
  const match = instant.exec(text)
  return match === null ? undefined : `${match[1]}-${match[2]} ${match[3]}Z`
}

/** An actor as `person ada`, any other small object as `name=value name=value`. */
function partsText(value: object): string {
  const parts = Object.entries(value).filter(([, one]) => one !== null)
  if (parts.length === 2 && 'kind' in value && 'id' in value) {
    return `${valueText(value.kind)} ${valueText(value.id)}`
  }
  // An anchor of a set, whose digest "--json" has.
  if ('authority' in value && 'name' in value && 'sha256' in value) return valueText(value.name)
  return parts.length === 0
    ? '-'
    : parts.map(([name, one]) => `${name}=${valueText(one)}`).join(' ')
}

/**
 * Text that can do nothing to a terminal: what strangers sent stands in the log, and control characters
 * or turned writing could make a line say something else.
 */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  )
}

/** A name of the API as people read it: `hardwareRevision` -> `hardware revision`. */
export function label(name: string): string {
  if (Object.hasOwn(labels, name)) return labels[name] ?? name
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}

/** Where taking the name apart would not do. */
const labels: Readonly<Record<string, string>> = {
  algorithm: 'key algorithm',
  certificateSha256: 'SHA-256',
  createdAt: 'since',
  deviceSerial: 'device',
  enrolmentsLeft: 'may still enrol',
  expiresAt: 'good until',
  issueUntil: 'issues until',
  isDefault: 'default',
  notAfter: 'until',
  notBefore: 'from',
  rootSha256: 'SHA-256',
  seenAt: 'last seen',
  sha256: 'SHA-256',
  signedInAt: 'signed in',
  udiDi: 'UDI-DI',
  usedAt: 'first used',
}
