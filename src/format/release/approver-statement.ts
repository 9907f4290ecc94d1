// SPDX-License-Identifier: Apache-2.0
/**
 * What a person signs with a new approver key: that it is theirs, under which printed name and in which role.
 *
 * Canonical JSON (RFC 8785) without a line feed. The key stands in it, so that the signature proves possession of
 * exactly this one.
 */
import { encodeCanonicalJson } from '../tlog/canonical-json.ts'
import { mostNameCharacters, roleForm } from './approval-statement.ts'
import { matching, octets, printed, readStatement, version, zoned } from './statement-fields.ts'

export const approverStatementFormat = 1

export interface ApproverStatement {
  /** What the account is called here. */
  readonly account: string
  /** The printed name that every approval by this key bears. */
  readonly name: string
  readonly role: string
  /** DER of the SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array
  /** Where the private half lives, as its owner says: nobody else can see it. */
  readonly kept: 'file' | 'token'
  readonly statedAt: string
}

/** Room for an ML-DSA-87 key in base64. */
const mostStatementBytes = 16_384

/** The one text. @throws FormatError for what `parseApproverStatement` would refuse */
export function encodeApproverStatement(statement: ApproverStatement): Uint8Array {
  const { account, name, role, publicKey, kept, statedAt } = statement
  const text = encodeCanonicalJson({
    ...{ format: approverStatementFormat, purpose: 'approver', account, name, role, kept },
    ...{ publicKey: publicKey.toBase64(), statedAt },
  })
  const bytes = new TextEncoder().encode(text)
  parseApproverStatement(bytes)
  return bytes
}

/** @throws FormatError for anything but what `encodeApproverStatement` writes, byte for byte */
export function parseApproverStatement(bytes: Uint8Array): ApproverStatement {
  const json = readStatement(bytes, mostStatementBytes, members)
  version(json.format, approverStatementFormat)
  matching(json.purpose, 'purpose', /^approver$/)
  return {
    account: printed(json.account, 'account', 100),
    name: printed(json.name, 'printed name', mostNameCharacters),
    role: matching(json.role, 'role', roleForm),
    publicKey: octets(json.publicKey, 'public key'),
    kept: matching(json.kept, 'where the key is kept', /^(?:file|token)$/) as 'file' | 'token',
    statedAt: zoned(json.statedAt, 'time'),
  }
}

const members = [
  ...(['account', 'format', 'kept', 'name', 'publicKey', 'purpose', 'role', 'statedAt'] as const),
] as const
