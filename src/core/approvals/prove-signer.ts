// SPDX-License-Identifier: Apache-2.0
import type { ApprovalStatement } from '#format/release/approval-statement.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { verifyStatement } from '#trust/approval/verify-statement.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { ApproverKey } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'

/**
 * Whose statement it is: the owner of an approver key that stands, under the name and in the role that were confirmed
 * with it, by a signature that this key made.
 */
export async function proveSigner(
  said: ApprovalStatement,
  signed: { readonly statement: Uint8Array; readonly signature: Uint8Array },
  ledger: Ledger,
): Promise<{ readonly kind: 'signer'; readonly key: ApproverKey } | Refused> {
  const key = await ledger.find('approverKey', 'fingerprint', [Uint8Array.fromHex(said.key)])
  if (key === undefined)
    return refuse('approver-key-not-active', `no approver key has the fingerprint ${said.key}`)
  const publicKey = importPublicKey(parseSubjectPublicKeyInfo(key.spki))
  if ('reason' in publicKey) return publicKey
  const wrong = await verifyStatement(signed.statement, signed.signature, publicKey)
  if (wrong !== undefined) return wrong
  return (await refuseKey(key, ledger)) ?? refuseClaims(said, key) ?? { kind: 'signer', key }
}

async function refuseKey(key: ApproverKey, ledger: Ledger): Promise<Refused | undefined> {
  if (key.state === 'waiting')
    return refuse(
      'approver-key-not-active',
      'the approver key was not confirmed yet: another administrator does it (vitalsign approver confirm)',
    )
  if (key.state === 'ended')
    return refuse(
      'approver-key-not-active',
      `the approver key ended at ${key.endedAt}: ${key.endedBecause}`,
    )
  const known = await ledger.read('key', key.key)
  if (known?.state !== 'active')
    return refuse('approver-key-not-active', `the approver key is ${known?.state ?? 'not known'}`)
  const person = await ledger.read('person', key.person)
  if (person?.state !== 'active' || person.role === 'auditor')
    return refuse(
      'approver-key-not-active',
      `whose key it is ${person?.state === 'active' ? 'is auditor, and approves nothing' : 'has no account here any more'}`,
    )
  return undefined
}

/** Name and role are those that were confirmed, and not what somebody would like to be. */
function refuseClaims({ person }: ApprovalStatement, key: ApproverKey): Refused | undefined {
  const confirmed = { id: key.person, name: key.name, role: key.role }
  for (const name of ['id', 'name', 'role'] as const)
    if (person[name] !== confirmed[name])
      return refuse(
        'approver-not-this-person',
        `the statement says ${name} ${person[name]}, the key was confirmed for ${confirmed[name]}`,
      )
  return undefined
}
