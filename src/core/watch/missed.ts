// SPDX-License-Identifier: Apache-2.0
/** Silence is an alarm: who should have renewed by now and did not. */
import { settle } from '../ledger/settle.ts'
import type { CertificateRecord, Device, Product } from '../ledger/tables.ts'
import { parseProfile } from '../policy/document/parse-profile.ts'
import { type AlarmPorts, clear, raise } from './alarm.ts'
import { allOf, type Band, endingBetween } from './pages.ts'
import { lateShare, mostSingle } from './thresholds.ts'

/** Counted exactly up to here; a silent herd is one alarm, whatever its size. */
const mostCounted = 10_000

/**
 * Marks the devices whose renewal became late between two instants.
 *
 * Each life that a profile gives makes a band of ends, as wide as the time since the last look: at five
 * million devices an hour's band holds some thousand rows. Lives that an issuer's end cut short all end
 * with it, and are looked at each time while it is near: a trial, or an authority in its last year.
 */
export async function markMissed(
  since: Temporal.Instant | undefined,
  now: Temporal.Instant,
  signal: AbortSignal,
  ports: AlarmPorts,
): Promise<void> {
  const lives = await livesOf(ports)
  // A second less, since the last one of a life is in it.
  const known = lives.map((life) => Math.max(Math.ceil(life * (1 - lateShare)) - 1_000, 0))
  const aheads = [...known, ...foreignAheads]
  // The first look begins at the beginning: its widest band holds all others.
  const bands = since === undefined ? [Math.max(...aheads)] : aheads
  const fallen = bands.map((milliseconds) => {
    return { from: since?.add({ milliseconds }), below: now.add({ milliseconds }) }
  })
  const cutShort = await issuersEnds(now.add({ milliseconds: Math.max(0, ...lives) }), ports)
  for (const band of [...fallen, ...cutShort]) {
    let batch: CertificateRecord[] = []
    const mark = () => Promise.all(batch.map((one) => markIfLate(one, now, ports)))
    for await (const certificate of endingBetween({ ...band, kind: 'working' }, ports.ledger)) {
      if (batch.push(certificate) < mostAtOnce) continue
      signal.throwIfAborted()
      await mark()
      batch = []
    }
    signal.throwIfAborted()
    await mark()
  }
}

/**
 * How long before their end those are looked at whose life no profile of ours gave, since another PKI
 * issued them; and at their end all, whatever was thought of them before.
 */
const foreignAheads = [30, 7, 0].map((days) => days * 24 * 3_600_000)

/** Devices that are marked beside each other, so that a herd shares the disk's commits. */
const mostAtOnce = 50

/** Each life that any version of a profile gave, in milliseconds. */
async function livesOf({ ledger }: AlarmPorts): Promise<readonly number[]> {
  const lives = new Set<number>()
  for await (const { document } of allOf('profile', ledger)) {
    const parsed = parseProfile(document)
    if (parsed.kind === 'faults' || parsed.profile.kind !== 'working') continue
    const { renewal, validity } = parsed.profile
    if (renewal !== undefined && validity.kind === 'hours')
      lives.add(validity.lifetime.total('milliseconds'))
  }
  return [...lives]
}

/** The ends of our own authorities that are nearer than the longest life, each a band of one second. */
async function issuersEnds(before: Temporal.Instant, { ledger }: AlarmPorts) {
  const bands: Omit<Band, 'kind'>[] = []
  for await (const { kind, notAfter } of allOf('authority', ledger)) {
    if (kind === 'issuing' && Temporal.Instant.compare(notAfter, before) < 0)
      bands.push({ from: notAfter, below: notAfter.add({ seconds: 1 }) })
  }
  return bands
}

function isLate({ notBefore, notAfter }: CertificateRecord, now: Temporal.Instant): boolean {
  const life = notAfter.epochMilliseconds - notBefore.epochMilliseconds
  return now.epochMilliseconds - notBefore.epochMilliseconds >= Math.floor(life * lateShare)
}

/** Marks the device of a working identity whose renewal is late. */
export async function markIfLate(
  certificate: CertificateRecord,
  now: Temporal.Instant,
  ports: AlarmPorts,
): Promise<void> {
  const { id, owner, kind } = certificate
  if (kind !== 'working' || !isLate(certificate, now)) return
  const device = await ports.ledger.read('device', owner)
  if (device === undefined || device.missedSince !== null || !isInService(device)) return
  // One that has renewed, and has not shown its new one yet, is not silent.
  const newest = await ports.ledger.list('certificate', {
    ...{ by: 'owner', equal: [owner], where: { kind: 'working', state: 'issued' } },
    ...{ descending: true, limit: 1 },
  })
  const [last] = newest.items
  if (last !== undefined && last.id !== id) return
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
