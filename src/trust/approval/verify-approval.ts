// SPDX-License-Identifier: Apache-2.0
/** What people signed, checked by whoever has the files and nothing else. */
import { FormatError } from '#format/format-error.ts'
import {
  type ApprovalStatement,
  parseApprovalStatement,
} from '#format/release/approval-statement.ts'
import type { ListedApprover } from '#format/release/approver-list.ts'
import { parseReleaseManifest } from '#format/release/manifest.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { sha256 } from '../digest.ts'
import type { PublicKey } from '../public-key.ts'
import { refuse } from '../refusal.ts'
import { importSoundKey } from '../sound-key.ts'
import type { ApprovalRefused } from './refusal.ts'
import { verifyStatement } from './verify-statement.ts'

/** So far may the clock of an approver's machine be behind that of who confirmed the key. */
const clocksApart = Temporal.Duration.from({ minutes: 5 })

/** The release that was approved, as its manifest says it. */
export interface ApprovedThing {
  readonly release: string
  readonly manifestSha256: string
  readonly product: string
  readonly version: string
  readonly environment: string
}

/** @throws FormatError if it is no release manifest */
export function thingOf(manifest: Uint8Array): ApprovedThing {
  const { release, product, version, environment } = parseReleaseManifest(manifest)
  const manifestSha256 = sha256(manifest).toHex()
  return { release, manifestSha256, product: product.name, version, environment }
}

/** A person whose key is believed. */
export interface KnownApprover extends Omit<ListedApprover, 'publicKey'> {
  readonly publicKey: PublicKey
}

/** The approvers of a list by the fingerprint of their keys; those whose keys cannot be read are nobody. */
export function knownApprovers(
  listed: readonly ListedApprover[],
): ReadonlyMap<string, KnownApprover> {
  const known = new Map<string, KnownApprover>()
  for (const approver of listed) {
    const publicKey = keyOf(approver)
    if (publicKey !== undefined)
      known.set(publicKey.fingerprint.toHex(), { ...approver, publicKey })
  }
  return known
}

export type VerifiedApproval =
  | {
      readonly kind: 'verified'
      readonly statement: ApprovalStatement
      readonly approver: KnownApprover
    }
  | ApprovalRefused

/**
 * Whether a statement is of this release, by one of these people, under the name and role that are known of them,
 * and while their key stood.
 */
export async function verifyApproval(
  signed: { readonly statement: Uint8Array; readonly signature: Uint8Array },
  thing: ApprovedThing,
  approvers: ReadonlyMap<string, KnownApprover>,
): Promise<VerifiedApproval> {
  const statement = readStatement(signed.statement)
  if ('kind' in statement) return statement
  const approver = approvers.get(statement.key)
  if (approver === undefined)
    return refuse(
      'approver-key-not-active',
      `the key ${statement.key} is not in the list of approvers`,
    )
  const wrong =
    (await verifyStatement(signed.statement, signed.signature, approver.publicKey)) ??
    refuseClaims(statement, approver) ??
    refuseThing(statement, thing)
  return wrong ?? { kind: 'verified', statement, approver }
}

function readStatement(bytes: Uint8Array): ApprovalStatement | ApprovalRefused {
  try {
    return parseApprovalStatement(bytes)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('approval-statement-wrong', `what was signed is no approval: ${error.message}`)
  }
}

function refuseClaims(
  { person, statedAt }: ApprovalStatement,
  approver: KnownApprover,
): ApprovalRefused | undefined {
  const known = { id: approver.person, name: approver.name, role: approver.role }
  for (const name of ['id', 'name', 'role'] as const)
    if (person[name] !== known[name])
      return refuse(
        'approver-not-this-person',
        `the statement says ${name} ${person[name]}, the list of approvers has ${known[name]}`,
      )
  const at = Temporal.Instant.from(statedAt)
  const { confirmedAt, endedAt } = approver
  if (Temporal.Instant.compare(at.add(clocksApart), confirmedAt) < 0)
    return refuse(
      'approver-key-not-active',
      `it was signed at ${statedAt}, the key counts since ${confirmedAt}`,
    )
  return endedAt !== null && Temporal.Instant.compare(at, endedAt) >= 0
    ? refuse('approver-key-not-active', `it was signed at ${statedAt}, the key ended at ${endedAt}`)
    : undefined
}

function refuseThing(
  statement: ApprovalStatement,
  thing: ApprovedThing,
): ApprovalRefused | undefined {
  if (statement.release !== thing.release)
    return refuse(
      'approval-of-another-release',
      `signed was release ${statement.release}, this is ${thing.release}`,
    )
  if (statement.manifestSha256 !== thing.manifestSha256)
    return refuse(
      'approval-of-another-manifest',
      `signed was manifest ${statement.manifestSha256}, this one has ${thing.manifestSha256}`,
    )
  for (const name of ['product', 'version', 'environment'] as const)
    if (statement[name] !== thing[name])
      return refuse(
        'approval-statement-wrong',
        `signed was ${name} ${statement[name]}, the manifest has ${thing[name]}`,
      )
  return undefined
}

function keyOf({ publicKey }: ListedApprover): PublicKey | undefined {
  try {
    const key = importSoundKey(parseSubjectPublicKeyInfo(publicKey))
    return 'kind' in key ? undefined : key
  } catch (error) {
    if (error instanceof FormatError) return undefined
    throw error
  }
}
