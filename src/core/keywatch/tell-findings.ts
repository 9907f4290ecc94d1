// SPDX-License-Identifier: Apache-2.0
import { type WeaknessName, weaknesses } from '#trust/weak-keys/weaknesses.ts'
import type { KeyFinding } from '../ledger/tables.ts'
import { type AlarmPorts, clear, raise } from '../watch/alarm.ts'
import { allOf } from '../watch/pages.ts'
import { readGroup } from './group.ts'
import { summarise } from './summary.ts'

type OfCause = Pick<KeyFinding, 'kind' | 'cause'>

/**
 * Raises the one alarm of each cause while people have not decided about all of its keys, and clears it then.
 *
 * It is about the oldest finding of the cause, which shows all the others.
 */
export async function tellOfCauses(some: readonly OfCause[], ports: AlarmPorts): Promise<void> {
  const causes = new Map(some.map((one) => [nameOf(one), one]))
  for (const { kind, cause } of causes.values())
    if (isWeakness(kind)) await tellOfCause(kind, cause, ports)
}

async function tellOfCause(
  kind: WeaknessName,
  cause: Uint8Array,
  ports: AlarmPorts,
): Promise<void> {
  const group = await readGroup(kind, cause, ports.ledger)
  if (group === undefined) return
  const { first, severity, keys, proposed, owners } = group
  if (proposed === 0) return clear('key-found-weak', first.id, ports)
  await raise(
    {
      ...{ kind: 'key-found-weak', subject: first.id, severity },
      text: `${weaknesses[kind].means}: ${summarise(group)}`,
      facts: { kind, cause: cause.toHex(), keys, owners, undecided: proposed },
    },
    ports,
  )
}

/** Says it of every cause, and takes back what is decided: what a crash or another node left unsaid. */
export async function tellFindings(ports: AlarmPorts): Promise<void> {
  const open = new Map<string, OfCause>()
  for await (const { kind, cause } of allOf('keyFinding', ports.ledger, {
    ...{ by: 'state', equal: ['proposed'] },
  }))
    open.set(nameOf({ kind, cause }), { kind, cause })
  await tellOfCauses([...open.values()], ports)
  const told = { by: 'kind', equal: ['key-found-weak', 'open'] } as const
  for await (const { subject } of allOf('alarm', ports.ledger, told)) {
    const finding = await ports.ledger.read('keyFinding', subject)
    const stands = finding !== undefined && open.has(nameOf(finding))
    if (!stands) await clear('key-found-weak', subject, ports)
  }
}

function nameOf({ kind, cause }: OfCause): string {
  return `${kind} ${cause.toHex()}`
}

/** A row may be of a newer program, in the time of a rolling upgrade. */
export function isWeakness(kind: string): kind is WeaknessName {
  return Object.hasOwn(weaknesses, kind)
}
