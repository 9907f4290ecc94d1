// SPDX-License-Identifier: Apache-2.0
/**
 * What a person signs who agrees to a release, or does not: the record of 21 CFR 11.50 and 11.70.
 *
 * Canonical JSON (RFC 8785) without a line feed. It carries the printed name, date and time with the offset of the
 * place, and the meaning of the signature, and is bound to one release by the digest of its manifest.
 */
import { FormatError } from '../format-error.ts'
import { encodeCanonicalJson, hasMembers, type Json } from '../tlog/canonical-json.ts'
import { matching, oneOf, printed, readStatement, version, zoned } from './statement-fields.ts'

export const approvalStatementFormat = 1

/** `review`: agrees afterwards to what one person approved in an emergency. */
export const approvalActs = ['approve', 'refuse', 'review'] as const
export type ApprovalAct = (typeof approvalActs)[number]

export interface ApprovalStatement {
  readonly act: ApprovalAct
  readonly release: string
  /** SHA-256 of the release manifest, 64 hexadecimal digits. */
  readonly manifestSha256: string
  /** What the release is called: said again for who reads the statement alone. */
  readonly product: string
  readonly version: string
  readonly environment: string
  readonly person: {
    readonly id: string
    /** The printed name of 21 CFR 11.50(a)(1). */
    readonly name: string
    /** In which role the person signs, as the approver key was registered. */
    readonly role: string
  }
  /** Canonical fingerprint of the key that signs, 64 hexadecimal digits. */
  readonly key: string
  /** RFC 3339, whole seconds, with the offset of the place: 21 CFR 11.50(a)(2). */
  readonly statedAt: string
  /** The meaning of the signature, 21 CFR 11.50(a)(3); of a refusal, why. */
  readonly meaning: string
  readonly emergency: EmergencyStatement | null
}

/** That one person's approval has to do, since waiting would harm more. */
export interface EmergencyStatement {
  /** The incident that cannot wait, as the maker's own records name it. */
  readonly incident: string
  readonly because: string
  /** Until when it may be signed on this approval alone; RFC 3339 with offset. */
  readonly until: string
}

/** The longest statement: its texts have bounds, and this is well above their sum. */
export const mostStatementBytes = 16_384
export const mostMeaningCharacters = 1_000
/** What a common name of X.520 holds. */
export const mostNameCharacters = 64
/** A role as a maker calls it. */
export const roleForm = /^[a-z][a-z0-9-]{0,39}$/

/** The one text of a statement. @throws FormatError for what `parseApprovalStatement` would refuse */
export function encodeApprovalStatement(statement: ApprovalStatement): Uint8Array {
  const { act, release, manifestSha256, product, environment, person, key } = statement
  const { emergency } = statement
  const text = encodeCanonicalJson({
    format: approvalStatementFormat,
    ...{ act, release, manifestSha256, product, version: statement.version, environment, key },
    person: { id: person.id, name: person.name, role: person.role },
    ...{ statedAt: statement.statedAt, meaning: statement.meaning },
    emergency: emergency && {
      ...{ incident: emergency.incident, because: emergency.because, until: emergency.until },
    },
  })
  const bytes = new TextEncoder().encode(text)
  parseApprovalStatement(bytes)
  return bytes
}

/** @throws FormatError for anything but what `encodeApprovalStatement` writes, byte for byte */
export function parseApprovalStatement(bytes: Uint8Array): ApprovalStatement {
  const json = readStatement(bytes, mostStatementBytes, members)
  version(json.format, approvalStatementFormat)
  const { person } = json
  if (!hasMembers(person, ['id', 'name', 'role']))
    throw new FormatError('text-malformed', 0, 'the person of a statement')
  return {
    act: oneOf(json.act, 'act', approvalActs),
    release: matching(json.release, 'release', /^rel_[0-9a-f]{32}$/),
    manifestSha256: matching(json.manifestSha256, 'manifest digest', digestForm),
    product: printed(json.product, 'product', 200),
    version: printed(json.version, 'version', 200),
    environment: oneOf(json.environment, 'environment', ['trial', 'test', 'production']),
    person: {
      id: matching(person.id, 'person', /^psn_[0-9a-f]{32}$/),
      name: printed(person.name, 'printed name', mostNameCharacters),
      role: matching(person.role, 'role', roleForm),
    },
    key: matching(json.key, 'key', digestForm),
    statedAt: zoned(json.statedAt, 'time'),
    meaning: printed(json.meaning, 'meaning', mostMeaningCharacters),
    emergency: json.emergency === null ? null : readEmergency(json.emergency),
  }
}

const digestForm = /^[0-9a-f]{64}$/

const members = [
  ...(['act', 'emergency', 'environment', 'format', 'key', 'manifestSha256'] as const),
  ...(['meaning', 'person', 'product', 'release', 'statedAt', 'version'] as const),
] as const

function readEmergency(json: Json): EmergencyStatement {
  if (!hasMembers(json, ['because', 'incident', 'until']))
    throw new FormatError('text-malformed', 0, 'the emergency of a statement')
  return {
    incident: printed(json.incident, 'incident', 200),
    because: printed(json.because, 'reason', 500),
    until: zoned(json.until, 'end of an emergency'),
  }
}
