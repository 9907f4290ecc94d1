// SPDX-License-Identifier: Apache-2.0
/** What would break if an authority ended now: computed from lists and counts, whatever the size of the fleet. */
import { inOffice } from '../authority/twin.ts'
import { isForSigners } from '../ledger/authority-origin.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { AnchorSet, Authority, CertificateRecord, Product } from '../ledger/tables.ts'
import type { Clock } from '../ports.ts'
import { fullCrl, latestCrl } from '../revocation/publish.ts'
import { allOf } from './pages.ts'
import { type SignerUnder, signersUnder } from './signers-under.ts'

/** What a product would lose. */
export interface ProductLoss {
  readonly product: Product
  /** Devices whose working identity hangs under it, and by the lots that they are of. */
  readonly devices: number
  /** Those of them, at most, of which nothing but a certificate in force says so. */
  readonly unplaced: number
  readonly lots: readonly { readonly lot: string; readonly devices: number }[]
  /** The first of them, by their ids: those that have been here the longest. */
  readonly first: readonly string[]
  /** Devices in service that were given no other root: they could not check this server any more. */
  readonly withoutAnchor: number
  /** Birth identities under it that have not ended, revoked ones among them. */
  readonly births: number
  /** Devices that are expected, and may have been told to look for a root that ends. */
  readonly expected: number
}

/** Somebody else than a device whose certificate is under it. */
export interface Holder {
  readonly kind: 'server' | 'registrar' | 'proxy' | 'machine'
  readonly name: string
  readonly notAfter: Temporal.Instant
}

export interface WhatIf {
  readonly authority: Authority
  /** It and every authority below it. */
  readonly ending: readonly Authority[]
  /** Those that would lose something. */
  readonly products: readonly ProductLoss[]
  /** Doors that would be shut, since nobody took over from whom they are at. */
  readonly entrances: readonly { readonly label: string; readonly product: string }[]
  readonly holders: readonly Holder[]
  /** Keys that sign what devices install, believed through it. */
  readonly signers: readonly SignerUnder[]
  /** Revocation lists that nobody could sign any more, and until when the last one is good. */
  readonly lists: readonly {
    readonly authority: string
    readonly goodUntil: Temporal.Instant | null
  }[]
  /** Whether another authority of the house could go on issuing. */
  readonly isFollowed: boolean
}

/** Lots that are named one by one for a product. */
export const mostLots = 100
/** Devices that are named for a product; "device list --under" gives all. */
const mostNamed = 5

type Ports = { readonly ledger: Ledger; readonly clock: Clock }

/**
 * Looks what hangs on an authority.
 *
 * A device hangs under whoever issued the identity that it proved last: one that was given another and never
 * showed it may not have it, and counts here. Where devices hold an identity in each of two chains, as
 * beside twins, one that would keep the other counts as well. A device of before this was recorded, which has not
 * shown itself since, counts wherever certificates of its product are in force.
 */
export async function whatIf(authority: Authority, ports: Ports): Promise<WhatIf> {
  const all: Authority[] = []
  for await (const one of allOf('authority', ports.ledger)) all.push(one)
  const ending = withBelow(authority, all)
  const ended = new Set(ending.map(({ id }) => id))
  const products: ProductLoss[] = []
  for await (const product of allOf('product', ports.ledger)) {
    const loss = await lossOf(product, ending, all, ports)
    if (loses(loss)) products.push(loss)
  }
  return {
    ...{ authority, ending, products },
    entrances: await shutDoors(ended, all, ports),
    holders: await holdersUnder(ended, ports),
    signers: await signersUnder(ending, ports.ledger),
    lists: await listsOf(ending, ports),
    isFollowed: all.some((one) => goesOn(one, ended, ports.clock.now())),
  }
}

/** Whether anything would break at all. */
export function breaksSomething({ products, entrances, holders, signers }: WhatIf): boolean {
  return products.some(cutsOff) || entrances.length > 0 || holders.length > 0 || signers.length > 0
}

function loses(loss: ProductLoss): boolean {
  return cutsOff(loss) || loss.births > 0
}

function cutsOff({ devices, withoutAnchor }: ProductLoss): boolean {
  return devices > 0 || withoutAnchor > 0
}

function withBelow(authority: Authority, all: readonly Authority[]): readonly Authority[] {
  const found = new Set([authority])
  for (const one of found)
    for (const below of all)
      if (below.parent === one.id && below.state !== 'retired') found.add(below)
  return [...found]
}

function goesOn(
  { id, kind, state, issueUntil, key }: Authority,
  ended: ReadonlySet<string>,
  now: Temporal.Instant,
): boolean {
  const issues = kind === 'issuing' && state === 'active' && key !== null
  return issues && !ended.has(id) && Temporal.Instant.compare(now, issueUntil) < 0
}

async function lossOf(
  product: Product,
  ending: readonly Authority[],
  all: readonly Authority[],
  ports: Ports,
): Promise<ProductLoss> {
  const { ledger, clock } = ports
  let [devices, births] = [0, 0]
  const lots = new Map<string, number>()
  const first: string[] = []
  for (const { id } of ending) {
    const count = await ledger.count('device', { by: 'under', equal: [id, product.id] })
    births += await ledger.count('certificate', {
      ...{ by: 'under', equal: [id, 'birth', product.id], from: clock.now() },
    })
    if (count === 0) continue
    devices += count
    await countLots(id, product.id, lots, ledger)
    const query = { by: 'under', equal: [id, product.id], limit: mostNamed } as const
    const { items } = await ledger.list('device', query)
    first.push(...items.map(({ serial }) => serial))
  }
  const served = await countInService(product.id, ledger)
  // Over no connection does a device look for the root of signers.
  const withoutAnchor = ending.some((one) => one.parent === null && !isForSigners(one))
    ? await countWithoutAnchor(product.id, served, ending, ledger)
    : 0
  const unplaced = await countUnplaced(product.id, { served, placed: devices }, ending, all, ports)
  return {
    ...{ product, devices: devices + unplaced, unplaced, births, withoutAnchor },
    lots: [...lots].map(([lot, devices]) => ({ lot, devices })),
    first: first.slice(0, mostNamed),
    expected: await ledger.count('device', {
      ...{ by: 'productState', equal: [product.id, 'expected'] },
    }),
  }
}

async function countUnplaced(
  product: string,
  { served, placed }: { readonly served: number; readonly placed: number },
  ending: readonly Authority[],
  all: readonly Authority[],
  { ledger, clock }: Ports,
): Promise<number> {
  let unplaced = served
  for (const { id } of all)
    unplaced -= await ledger.count('device', { by: 'under', equal: [id, product] })
  if (unplaced <= 0) return 0
  let certificates = 0
  for (const { id } of ending)
    certificates += await ledger.count('certificate', {
      ...{ by: 'under', equal: [id, 'working', product], from: clock.now() },
    })
  return Math.max(0, Math.min(unplaced, certificates - placed))
}

async function countInService(product: string, ledger: Ledger): Promise<number> {
  let count = 0
  for (const state of inService)
    count += await ledger.count('device', { by: 'productState', equal: [product, state] })
  return count
}

/** From one lot to the next, without looking at the devices between. */
async function countLots(
  authority: string,
  product: string,
  lots: Map<string, number>,
  ledger: Ledger,
): Promise<void> {
  let beyond = ''
  while (lots.size < mostLots) {
    const walk = { by: 'underLot', equal: [authority, product], beyond, limit: 1 } as const
    const [next] = (await ledger.list('device', walk)).items
    if (next === undefined || next.lot === null) return
    beyond = next.lot
    const equal = [authority, product, beyond]
    const count = await ledger.count('device', { by: 'underLot', equal })
    lots.set(beyond, (lots.get(beyond) ?? 0) + count)
  }
}

const inService = ['provisioned', 'active', 'quarantined'] as const

async function countWithoutAnchor(
  product: string,
  served: number,
  ending: readonly Authority[],
  ledger: Ledger,
): Promise<number> {
  let count = served
  if (count === 0) return 0
  const ended = new Set(ending.map(({ certificateSha256 }) => certificateSha256.toHex()))
  for await (const set of allOf('anchorSet', ledger, { by: 'product', equal: [product] })) {
    if (holdsAnother(set, ended))
      count -= await ledger.count('device', { by: 'anchors', equal: [set.id] })
  }
  return Math.max(0, count)
}

function holdsAnother({ anchors }: AnchorSet, ended: ReadonlySet<string>): boolean {
  return anchors.some(({ sha256 }) => !ended.has(sha256))
}

async function shutDoors(
  ended: ReadonlySet<string>,
  all: readonly Authority[],
  { ledger }: Ports,
): Promise<WhatIf['entrances']> {
  const byId = new Map(all.map((one) => [one.id, one]))
  const shut: { label: string; product: string }[] = []
  for await (const { label, authority, product } of allOf('entrance', ledger)) {
    const holder = inOffice(authority, byId)
    if (holder === undefined || !ended.has(holder.id)) continue
    const record = await ledger.read('product', product)
    shut.push({ label, product: record?.name ?? product })
  }
  return shut
}

/** Newest ones of the server that are looked at: it makes one every 60 days, for each node and chain. */
const mostOfServer = 200

async function holdersUnder(ended: ReadonlySet<string>, ports: Ports): Promise<readonly Holder[]> {
  const { ledger, clock } = ports
  const now = clock.now()
  const found: Holder[] = []
  const add = (kind: Holder['kind'], name: string, certificate: CertificateRecord | undefined) => {
    if (certificate !== undefined && isUnder(certificate, ended, now))
      found.push({ kind, name, notAfter: certificate.notAfter })
  }
  const { items } = await ledger.list('certificate', {
    ...{ by: 'owner', equal: ['server'], descending: true, limit: mostOfServer },
  })
  for (const subject of new Set(items.map((one) => one.subject)))
    add(
      'server',
      subject,
      items.find((one) => one.subject === subject && one.state === 'issued'),
    )
  for (const kind of ['registrar', 'proxy'] as const)
    for await (const { name, state, certificateSha256 } of allOf(kind, ledger))
      if (state === 'active')
        add(kind, name, await ledger.find('certificate', 'sha256', [certificateSha256]))
  for await (const { name, state, id } of allOf('machine', ledger)) {
    if (state !== 'active') continue
    const own = { by: 'owner', equal: [id], descending: true, limit: 1 } as const
    add('machine', name, (await ledger.list('certificate', own)).items[0])
  }
  return found
}

function isUnder(
  { state, authority, notAfter }: CertificateRecord,
  ended: ReadonlySet<string>,
  now: Temporal.Instant,
): boolean {
  return state === 'issued' && ended.has(authority) && Temporal.Instant.compare(notAfter, now) > 0
}

async function listsOf(ending: readonly Authority[], { ledger }: Ports): Promise<WhatIf['lists']> {
  const own = ending.filter(({ kind }) => kind !== 'foreign')
  return Promise.all(
    own.map(async ({ id, name }) => {
      const latest = await latestCrl(id, fullCrl, ledger)
      return { authority: name, goodUntil: latest?.nextUpdate ?? null }
    }),
  )
}
