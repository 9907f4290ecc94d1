// SPDX-License-Identifier: Apache-2.0
/** Silence is an alarm: who should have renewed by now and did not. */
import { settle } from '../ledger/settle.ts'
import type { CertificateRecord, Device, Product } from '../ledger/tables.ts'
import { parseProfile } from '../policy/document/parse-profile.ts'
import { type AlarmPorts, clear, raise } from './alarm.ts'
import { allOf, endingBetween } from './pages.ts'
import { lateShare, mostSingle } from './thresholds.ts'

/** Counted exactly up to here; a silent herd is one alarm, whatever its size. */
const mostCounted = 10_000

/**
 * Marks the devices whose renewal became late between two instants.
 *
 * Each life that a profile gives makes a band of ends, as wide as the time since the last look: at five
 * million devices an hour's band holds some thousand rows. A certificate that its issuer's end cut
 * short is found at its own end at the latest.
 */
export async function markMissed(
  since: Temporal.Instant | undefined,
  now: Temporal.Instant,
  signal: AbortSignal,
  ports: AlarmPorts,
): Promise<void> {
  for (const ahead of await latenessAhead(ports)) {
    const band = { from: since?.add(ahead), below: now.add(ahead), kind: 'working' } as const
    for await (const certificate of endingBetween(band, ports.ledger)) {
      signal.throwIfAborted()
      if (isLate(certificate, now)) await markOne(certificate, now, ports)
    }
  }
}

/**
 * How long before its end the renewal of a certificate is late: one value for each life that any version
 * of a profile gave, and the end itself.
 */
async function latenessAhead({ ledger }: AlarmPorts): Promise<readonly Temporal.Duration[]> {
  const milliseconds = new Set([0])
  for await (const { document } of allOf('profile', ledger)) {
    const parsed = parseProfile(document)
    if (parsed.kind === 'faults' || parsed.profile.kind !== 'working') continue
    const { renewal, validity } = parsed.profile
    if (renewal === undefined || validity.kind !== 'hours') continue
    const share = Math.ceil(validity.lifetime.total('milliseconds') * (1 - lateShare))
    // A second less, since the last one of a life is in it.
    milliseconds.add(Math.max(share - 1_000, 0))
  }
  return [...milliseconds].map((ahead) => Temporal.Duration.from({ milliseconds: ahead }))
}

function isLate({ notBefore, notAfter }: CertificateRecord, now: Temporal.Instant): boolean {
  const life = notAfter.epochMilliseconds - notBefore.epochMilliseconds
  return now.epochMilliseconds - notBefore.epochMilliseconds >= Math.floor(life * lateShare)
}

async function markOne(
  { owner, notAfter }: CertificateRecord,
  now: Temporal.Instant,
  ports: AlarmPorts,
): Promise<void> {
  const device = await ports.ledger.read('device', owner)
  if (device === undefined || device.missedSince !== null || !isInService(device)) return
  // One that has renewed, and has not shown its new one yet, is not silent.
  const newest = await ports.ledger.list('certificate', {
    ...{ by: 'owner', equal: [owner], where: { kind: 'working', state: 'issued' } },
    ...{ descending: true, limit: 1 },
  })
  const [last] = newest.items
  if (last !== undefined && Temporal.Instant.compare(last.notAfter, notAfter) > 0) return
  const record: Device = { ...device, version: device.version + 1, missedSince: now }
  // Somebody else changed it at this moment, most likely itself: then it is not silent.
  await settle({ puts: [{ kind: 'device', record }], events: [] }, ports.ledger)
}

function isInService({ state }: Device): boolean {
  return state === 'provisioned' || state === 'active'
}

/** One alarm a product, and one each for the first devices; those that came back are cleared. */
export async function tellMissed(ports: AlarmPorts): Promise<void> {
  for await (const product of allOf('product', ports.ledger)) await tellOf(product, ports)
  for await (const alarm of allOf('alarm', ports.ledger, {
    ...{ by: 'kind', equal: ['renewal-missed', 'open'] },
  })) {
    const device = await ports.ledger.read('device', alarm.subject)
    if (device === undefined || device.missedSince === null || !isInService(device))
      await clear('renewal-missed', alarm.subject, ports)
  }
}

async function tellOf(product: Product, ports: AlarmPorts): Promise<void> {
  const { items, next } = await ports.ledger.list('device', {
    ...{ by: 'productMissed', equal: [product.id], limit: mostSingle },
  })
  const [oldest] = items
  if (oldest === undefined) return clear('renewals-missed', product.id, ports)
  const count = next === null ? items.length : await countMissed(product, ports)
  const many = count >= mostCounted ? `${mostCounted} or more` : String(count)
  await raise(
    {
      kind: 'renewals-missed',
      subject: product.id,
      severity: count > mostSingle ? 'critical' : 'warning',
      text: `${many} of product ${product.name} should have renewed by now and did not, ${oldest.serial} first`,
      facts: {
        product: product.name,
        count,
        oldest: oldest.serial,
        since: oldest.missedSince?.toString() ?? null,
        examples: items
          .slice(0, 5)
          .map(({ serial }) => serial)
          .join(', '),
      },
    },
    ports,
  )
  if (count > mostSingle) return
  for (const device of items) await tellOne(device, product, ports)
}

async function countMissed({ id }: Product, { ledger }: AlarmPorts): Promise<number> {
  let count = 0
  for await (const _ of allOf('device', ledger, { by: 'productMissed', equal: [id] }))
    if (++count >= mostCounted) break
  return count
}

function tellOne(device: Device, product: Product, ports: AlarmPorts): Promise<void> {
  return raise(
    {
      kind: 'renewal-missed',
      subject: device.id,
      severity: 'notice',
      text: `${device.serial} of product ${product.name} should have renewed by now and did not`,
      facts: { serial: device.serial, product: product.name },
    },
    ports,
  )
}
