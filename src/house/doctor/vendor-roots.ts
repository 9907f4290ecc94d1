// SPDX-License-Identifier: Apache-2.0
import type { VendorRoot } from '#core/ledger/tables.ts'
import { thresholds } from '#core/watch/thresholds.ts'
import type { Core } from '../core.ts'
import type { Examined } from '../doctor.ts'

/** What a look finds; the text of each root is bounded, and a few stand for many. */
const mostNamed = 3

/** Whether the makers' authorities still count, and whose end is near. */
export async function checkVendorRoots({
  ledger,
  clock,
}: Pick<Core, 'ledger' | 'clock'>): Promise<Omit<Examined, 'check'>> {
  const now = clock.now()
  const active = { by: 'state', equal: ['active'] } as const
  const all = await ledger.count('vendorRoot', active)
  if (all === 0) return { verdict: 'good', found: 'none was imported', remedy: null }
  const [{ before }] = thresholds.vendor
  const walk = { ...active, below: now.add(before), limit: 1000 }
  const ending = (await ledger.list('vendorRoot', walk)).items.filter(
    ({ afterExpiry }) => afterExpiry === 'refused',
  )
  if (ending.length === 0) {
    const found = `${all} vouch for chips, none ends within ${before.total('hours') / 24} days`
    return { verdict: 'good', found, remedy: null }
  }
  const ended = ending.filter(({ notAfter }) => Temporal.Instant.compare(notAfter, now) <= 0)
  return {
    verdict: 'warning',
    found: `${ending.length} of ${all} end soon, ${ended.length} have ended: ${namesOf(ending)}`,
    remedy: 'import a newer list (vitalsign vendor-root import), or say there that they count on',
  }
}

function namesOf(roots: readonly VendorRoot[]): string {
  const named = roots.slice(0, mostNamed).map(({ vendor, subject }) => `${subject} of ${vendor}`)
  return `${named.join('; ')}${roots.length > mostNamed ? '; …' : ''}`
}
