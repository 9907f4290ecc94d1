// SPDX-License-Identifier: Apache-2.0
import { settle } from '#core/ledger/settle.ts'
import type { ApproverKey, Person } from '#core/ledger/tables.ts'
import { refuse } from '#trust/refusal.ts'
import type { ApprovalPorts } from '../ports.ts'
import { type KeyChanged, toldOfKey } from './register-key.ts'

/**
 * An administrator's word that this key, as read out by its owner, is that person's, and so are name and role.
 *
 * @param fingerprint what the administrator compared
 * @param by somebody who has signed in, and is not the owner
 */
export async function confirmKey(
  before: ApproverKey,
  fingerprint: Uint8Array,
  by: Person,
  { ledger, clock }: ApprovalPorts,
): Promise<KeyChanged> {
  if (by.role !== 'administrator')
    return refuse('not-permitted', `${by.name} is ${by.role}; an administrator confirms a key`)
  if (by.id === before.person)
    return refuse('approver-counted', 'this key is your own; another administrator confirms it')
  if (fingerprint.toHex() !== before.fingerprint.toHex())
    return refuse(
      'key-differs',
      `the key has the fingerprint ${before.fingerprint.toHex()}, compared was ${fingerprint.toHex()}`,
    )
  if (before.state !== 'waiting')
    return refuse('decided-already', `the key is ${before.state}; only one that waits is confirmed`)
  const owner = await ledger.read('person', before.person)
  if (owner?.state !== 'active')
    return refuse('not-permitted', 'whose key it is has no account here any more')
  const now = clock.now()
  const key: ApproverKey = {
    ...{ ...before, version: before.version + 1, state: 'active' },
    ...{ confirmedBy: by.id, confirmedAt: now },
  }
  const actor = { kind: 'person', id: by.id } as const
  const refused = await settle(
    {
      puts: [{ kind: 'approverKey', record: key }],
      events: [toldOfKey('approver-key-confirmed', key, actor, now)],
    },
    ledger,
  )
  return refused ?? { kind: 'changed', key }
}
