// SPDX-License-Identifier: Apache-2.0
import type { Door } from '#core/enrolment/doors.ts'
import type { Core } from '../core.ts'
import type { Examined } from '../doctor.ts'

/** Which entrances certify attested keys alone, and whether what they ask for can be answered. */
export async function checkAttestedKeys({
  doors,
  ledger,
}: Pick<Core, 'doors' | 'ledger'>): Promise<Omit<Examined, 'check'>> {
  const those = doors.open.filter(({ profile }) => profile.attestation !== undefined)
  if (those.length === 0)
    return { verdict: 'good', found: 'no entrance asks where keys live', remedy: null }
  const blind: Door[] = []
  for (const door of those) {
    if (door.profile.attestation?.quote === undefined) continue
    const active = { by: 'product', equal: [door.product.id, 'active'] } as const
    if ((await ledger.count('referenceValues', active)) === 0) blind.push(door)
  }
  const found = those
    .map(
      ({ entrance, profile }) => `${entrance.label}: ${profile.attestation?.required.join(', ')}`,
    )
    .join('; ')
  if (blind.length === 0) return { verdict: 'good', found, remedy: null }
  const labels = blind.map(({ entrance }) => entrance.label).join(', ')
  return {
    verdict: 'warning',
    found: `${found}; quotes are asked for at ${labels}, and there is nothing to compare them with`,
    remedy: 'say what the platforms should measure (vitalsign reference add), or ask for no quote',
  }
}
