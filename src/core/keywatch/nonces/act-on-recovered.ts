// SPDX-License-Identifier: Apache-2.0
import type { Key, KeyFinding } from '#core/ledger/tables.ts'
import { type ActPorts, askAct } from '#core/revocation/acts/ask.ts'
import { carryOut } from '#core/revocation/acts/carry-out.ts'
import { raise } from '#core/watch/alarm.ts'
import { type FoundWeakness, watcher } from '../book-findings.ts'
import { readKeyPolicy } from '../key-policy.ts'
import { mayActAlone } from '../may-act-alone.ts'

export type RecoveryPorts = ActPorts

/** What was done about a key, or why nothing. */
type Deed = 'revoked' | 'waits' | 'proposed' | 'too-many'

/**
 * Ends the trust in keys whose private half was computed, where the policy says so; whatever it says, people hear of
 * each.
 *
 * The act is one of revocation like any other, by the watch: all certificates of the key go, with keyCompromise, and
 * the key is never certified again. Above what one person may end alone in a day, nothing more is ended without a
 * person. Somebody who dismissed the finding is not contradicted.
 */
export async function actOnRecovered(
  recovered: readonly Key[],
  found: readonly FoundWeakness[],
  ports: RecoveryPorts,
): Promise<void> {
  for (const { id } of recovered) {
    const key = await ports.ledger.read('key', id)
    const finding = await openFinding(id, found, ports)
    if (key === undefined || key.state === 'compromised' || finding === undefined) continue
    const deed = await act(key, ports)
    // Who has seen that it is left to them is not told of it by each further signature.
    const isNews = deed === 'revoked' || !(await wasSeen(id, ports))
    if (isNews) await tell(key, finding, deed, ports)
  }
}

/** Whether somebody has seen the alarm about this key, so that it is over. */
async function wasSeen(key: string, { ledger }: RecoveryPorts): Promise<boolean> {
  const seen = { by: 'kind', equal: ['key-recovered', 'cleared'], where: { subject: key } } as const
  const { items } = await ledger.list('alarm', { ...seen, limit: 1 })
  return items.length > 0
}

async function openFinding(
  key: string,
  found: readonly FoundWeakness[],
  { ledger }: RecoveryPorts,
): Promise<KeyFinding | undefined> {
  for (const { kind, cause } of found.filter((one) => one.key === key)) {
    const finding = await ledger.find('keyFinding', 'once', [key, kind, cause])
    if (finding?.state === 'proposed') return finding
  }
  return undefined
}

async function act(key: Key, ports: RecoveryPorts): Promise<Deed> {
  const { recovered } = await readKeyPolicy(ports.ledger)
  if (recovered === 'propose') return 'proposed'
  if (!(await mayActAlone(1, ports))) return 'too-many'
  const because = 'its private key was computed from its signatures, and proved'
  const wish = { act: 'end', chosen: { key: key.id }, reason: 'keyCompromise', because } as const
  const asked = await askAct(wish, watcher, ports)
  if (asked.kind !== 'asked') return 'proposed'
  if (asked.record.state === 'waiting') return 'waits'
  const done = await carryOut(asked.record.id, ports)
  // One that was cut short is carried out by the job of acts.
  return done === undefined ? 'waits' : 'revoked'
}

const deeds = {
  revoked: 'its certificates were revoked',
  waits: 'its revocation waits for a person',
  proposed: 'its certificates are still believed: revoke them',
  'too-many':
    'its certificates are still believed: the watch ended as many keys in a day as one person may alone; look, and revoke them',
} as const satisfies Record<Deed, string>

async function tell(
  key: Key,
  finding: KeyFinding,
  deed: Deed,
  ports: RecoveryPorts,
): Promise<void> {
  const { id, owner } = key
  const device = owner.startsWith('dev_') ? await ports.ledger.read('device', owner) : undefined
  const who = device === undefined ? owner : `device ${device.serial}`
  await raise(
    {
      ...{ kind: 'key-recovered', subject: id, severity: 'critical' },
      text: `the private key of ${who} can be computed from its signatures; ${deeds[deed]}`,
      facts: { finding: finding.id, kind: finding.kind, key: id, owner, done: deed },
    },
    ports,
  )
}
