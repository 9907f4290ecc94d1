// SPDX-License-Identifier: Apache-2.0
/**
 * What a device says that it runs and believes, in JSON, sent with POST over a connection of its own:
 * `{"firmwareVersion":"4.2.1","securityVersion":7,"anchors":["…"]}`. An anchor is SHA-256, in lower-case hexadecimal,
 * of the SubjectPublicKeyInfo of a key, or of a root's key, that its bootloader or updater takes.
 */
import { FormatError } from './format-error.ts'
import { parseStrictJson } from './strict-json.ts'
import { isArray, type Json } from './tlog/canonical-json.ts'

export const firmwareReportPath = '/firmware/report'

/** A full report has under 5 kB. */
export const mostReportBytes = 8_192

export interface FirmwareReport {
  readonly firmwareVersion: string
  readonly securityVersion: number
  /** Sorted; none stands twice. */
  readonly anchors: readonly string[]
}

const most = {
  versionCharacters: 128,
  /** Counters of bootloaders have 32 bits. */
  securityVersion: 2 ** 32 - 1,
  /** A chip has three places, a keyring some; beyond is no device's. */
  anchors: 64,
} as const
const members = ['anchors', 'firmwareVersion', 'securityVersion'] as const

/** @throws FormatError whatever is missing, strange, too large, or said twice */
export function parseFirmwareReport(bytes: Uint8Array): FirmwareReport {
  const limits = { octets: mostReportBytes, depth: 2, values: 80 }
  const json = parseStrictJson(bytes, limits)
  if (json === null || typeof json !== 'object' || isArray(json))
    throw new FormatError('text-malformed', 0, 'the whole is no object')
  const names = Object.keys(json).sort()
  if (names.join() !== members.join())
    throw new FormatError(
      'value-not-allowed',
      0,
      `it has ${names.join(', ').slice(0, 100) || 'nothing'}; ${members.join(', ')} are right`,
    )
  return {
    firmwareVersion: readVersion(json['firmwareVersion']),
    securityVersion: readSecurityVersion(json['securityVersion']),
    anchors: readAnchors(json['anchors']),
  }
}

function readVersion(value: Json | undefined): string {
  const isText = typeof value === 'string' && value.isWellFormed() && !/\p{C}/u.test(value)
  if (isText && value.length > 0 && value.length <= most.versionCharacters) return value
  throw new FormatError(
    'value-not-allowed',
    0,
    `firmwareVersion is no line of 1 to ${most.versionCharacters} characters`,
  )
}

function readSecurityVersion(value: Json | undefined): number {
  const isWhole = typeof value === 'number' && Number.isInteger(value) && !Object.is(value, -0)
  if (isWhole && value >= 0 && value <= most.securityVersion) return value
  throw new FormatError(
    'value-not-allowed',
    0,
    `securityVersion is no number from 0 to ${most.securityVersion}`,
  )
}

function readAnchors(value: Json | undefined): readonly string[] {
  if (value === undefined || !isArray(value) || value.length > most.anchors)
    throw new FormatError('value-not-allowed', 0, `anchors is no list of up to ${most.anchors}`)
  const anchors = value.map((one) => {
    if (typeof one === 'string' && /^[0-9a-f]{64}$/.test(one)) return one
    throw new FormatError('value-not-allowed', 0, 'an anchor is no 64 lower-case hex digits')
  })
  if (new Set(anchors).size < anchors.length)
    throw new FormatError('value-not-allowed', 0, 'an anchor stands twice')
  return anchors.toSorted()
}

export function encodeFirmwareReport({
  firmwareVersion,
  securityVersion,
  anchors,
}: FirmwareReport): string {
  return JSON.stringify({ firmwareVersion, securityVersion, anchors: anchors.toSorted() })
}
