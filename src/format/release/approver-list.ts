// SPDX-License-Identifier: Apache-2.0
/**
 * Who may approve, for whoever checks approvals without us: each person with printed name, role and key.
 *
 * Canonical JSON (RFC 8785). It is believed because the fingerprints in it were compared with the people themselves;
 * nothing in it is secret.
 */
import { FormatError } from '../format-error.ts'
import { encodeCanonicalJson, hasMembers, isArray, type Json } from '../tlog/canonical-json.ts'
import { mostNameCharacters, roleForm } from './approval-statement.ts'
import { matching, octets, printed, readStatement, version } from './statement-fields.ts'

export const approverListFormat = 1

export interface ListedApprover {
  readonly person: string
  readonly name: string
  readonly role: string
  /** DER of the SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array
  /** RFC 3339: since when what the key signs counts. */
  readonly confirmedAt: string
  /** Since when it counts no more; null: it stands. */
  readonly endedAt: string | null
}

/** Ten thousand people with ML-DSA keys have less. */
const mostBytes = 67_108_864
const mostApprovers = 10_000

/** @throws FormatError for what `parseApproverList` would refuse */
export function encodeApproverList(approvers: readonly ListedApprover[]): Uint8Array {
  const text = encodeCanonicalJson({
    format: approverListFormat,
    approvers: approvers.map(({ person, name, role, publicKey, confirmedAt, endedAt }) => ({
      ...{ person, name, role, publicKey: publicKey.toBase64(), confirmedAt, endedAt },
    })),
  })
  const bytes = new TextEncoder().encode(text)
  parseApproverList(bytes)
  return bytes
}

/** @throws FormatError */
export function parseApproverList(bytes: Uint8Array): readonly ListedApprover[] {
  const json = readStatement(bytes, mostBytes, ['approvers', 'format'])
  version(json.format, approverListFormat)
  if (!isArray(json.approvers)) throw new FormatError('text-malformed', 0, 'approvers')
  if (json.approvers.length > mostApprovers)
    throw new FormatError('too-many', 0, `approvers, at most ${mostApprovers}`)
  return json.approvers.map(readApprover)
}

const members = ['confirmedAt', 'endedAt', 'name', 'person', 'publicKey', 'role'] as const

function readApprover(json: Json): ListedApprover {
  if (!hasMembers(json, members)) throw new FormatError('text-malformed', 0, 'an approver')
  return {
    person: matching(json.person, 'person', /^psn_[0-9a-f]{32}$/),
    name: printed(json.name, 'printed name', mostNameCharacters),
    role: matching(json.role, 'role', roleForm),
    publicKey: octets(json.publicKey, 'public key'),
    confirmedAt: instant(json.confirmedAt, 'confirmedAt'),
    endedAt: json.endedAt === null ? null : instant(json.endedAt, 'endedAt'),
  }
}

function instant(json: Json, what: string): string {
  const text = matching(json, what, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/)
  try {
    Temporal.Instant.from(text)
    return text
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new FormatError('time-malformed', 0, text)
  }
}
