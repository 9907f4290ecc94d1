// SPDX-License-Identifier: Apache-2.0
import { type AlarmPorts, clear, raise } from './alarm.ts'
import { allOf } from './pages.ts'
import { reached, thresholds } from './thresholds.ts'

/**
 * Makers' authorities that come to their end: those whose end counts, by the next threshold and no further, so that
 * a long list costs nothing.
 */
export async function watchVendorRoots(now: Temporal.Instant, ports: AlarmPorts): Promise<void> {
  const [{ before: widest }] = thresholds.vendor
  const walk = { by: 'state', equal: ['active'], below: now.add(widest) } as const
  const ending = new Set<string>()
  for await (const root of allOf('vendorRoot', ports.ledger, walk)) {
    const near = reached(thresholds.vendor, root.notAfter, now)
    if (near === undefined || root.afterExpiry === 'accepted') continue
    ending.add(root.id)
    const { id, vendor, subject, notAfter, bundle } = root
    await raise(
      {
        ...{ kind: 'vendor-root-ending', subject: id, severity: near.severity },
        text: `${subject} of ${vendor} ends ${notAfter.toString().slice(0, 10)}: ${near.because}`,
        facts: { vendor, bundle, end: notAfter.toString() },
      },
      ports,
    )
  }
  for await (const { subject } of allOf('alarm', ports.ledger, {
    ...{ by: 'kind', equal: ['vendor-root-ending', 'open'] },
  })) {
    if (!ending.has(subject)) await clear('vendor-root-ending', subject, ports)
  }
}
