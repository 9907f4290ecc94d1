// SPDX-License-Identifier: Apache-2.0
import { concatBytes, sameBytes } from '#format/bytes.ts'
import { outlineCrl } from '#format/x509/crl-outline.ts'
import type { Issuer } from '../authority/issuer.ts'
import type { SigningKeys } from '../authority/signing-key.ts'
import { Fault } from '../fault.ts'
import { newId } from '../ledger/ids.ts'
import type { Ledger, Put } from '../ledger/ledger.ts'
import { deltaCrl, fullCrl } from '../ledger/shards.ts'
import type { Authority, CrlRecord } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'
import { bytesOf, type CrlHead, dropParts, emptied, newestHeads, writeParts } from './crl-bytes.ts'
import { baseLife, crlLife, greatFrom, lifeOf, shownBeyondEnd } from './crl-life.ts'
import { Difference } from './difference.ts'
import { listedEntries, wholeSecond } from './listed.ts'
import { LintedEntries, makeCrl } from './make-crl.ts'

export { deltaCrl, fullCrl } from '../ledger/shards.ts'
export { crlLife } from './crl-life.ts'

/** A number may be lost to another node this often; each time the list is made anew. */
const mostTries = 5

export interface PublishingPorts {
  readonly ledger: Ledger
  readonly keys: Pick<SigningKeys, 'sign'>
  readonly clock: Clock
  readonly random: Randomness
  /** The address under which a shard, or the delta, is served; of a shard, as written into its certificates. */
  crlUrl(authority: string, shard: number): string
}

/** A list with all its bytes, also a great one. */
export interface WholeCrl {
  readonly list: CrlRecord
  readonly der: Uint8Array
}

/** The newest CRL of an authority: full, or of one shard. A great one has no bytes of its own: `bytesOf`. */
export async function latestCrl(
  authority: string,
  shard: number,
  ledger: Ledger,
): Promise<CrlRecord | undefined> {
  const { items } = await ledger.list('crl', {
    by: 'latest',
    equal: [authority, shard],
    descending: true,
    limit: 1,
  })
  return items[0]
}

/**
 * Makes and books the next list of one shard, or the next full one with the delta to the one before.
 *
 * Its number is one more than the last one's; of two nodes that try at once, one wins the number, and
 * the other makes its list anew. RFC 5280 section 5.2.3.
 *
 * @returns the list, and beside a full one its delta
 * @throws Fault `crl-lint-failed`; as `SigningKeys.sign` and `Ledger.commit` do; `store-unreachable` if
 *   others always win
 */
export async function publishCrl(
  issuer: Issuer,
  shard: number,
  ports: PublishingPorts,
): Promise<readonly [WholeCrl, ...WholeCrl[]]> {
  const issue = await untilWon(
    () => (shard === fullCrl ? nextFull(issuer, ports) : nextShard(issuer, shard, ports)),
    ports,
  )
  return issue?.lists ?? unmade(issuer)
}

/**
 * Makes and books the next delta to the base.
 *
 * @param isDue whether it is to come though it says what the one before it says
 * @returns undefined if there is no full one yet, or nothing changed
 * @throws as `publishCrl`
 */
export async function publishDelta(
  issuer: Issuer,
  isDue: boolean,
  ports: PublishingPorts,
): Promise<WholeCrl | undefined> {
  const issue = await untilWon(() => nextDelta(issuer, isDue, ports), ports)
  return issue?.lists[0]
}

function unmade({ authority }: Issuer): never {
  throw new TypeError(`no list of ${authority.name} was made`)
}

/** Lists that belong together: booked in one commit, so that nobody sees one without the other. */
interface Issue {
  readonly lists: readonly [WholeCrl, ...WholeCrl[]]
  /** What nobody needs once they are there. */
  readonly old: readonly CrlHead[]
}

async function untilWon(
  make: () => Promise<Issue | undefined>,
  ports: PublishingPorts,
): Promise<Issue | undefined> {
  for (let tries = 0; tries < mostTries; tries++) {
    const issue = await make()
    if (issue === undefined || (await book(issue, ports))) return issue
    for (const { list } of issue.lists) await dropParts(list.id, ports.ledger)
  }
  throw new Fault('store-unreachable', `the number of a CRL was lost ${mostTries} times in a row`)
}

async function book({ lists, old }: Issue, { ledger, clock }: PublishingPorts): Promise<boolean> {
  const [{ list, der }, ...beside] = lists
  const { id, authority, number, shard, nextUpdate, entries, base } = list
  const committed = await ledger.commit({
    puts: [
      ...lists.map(({ list }): Put => ({ kind: 'crl', record: list })),
      ...old.map((head) => emptied(head)),
    ],
    events: [
      {
        type: 'crl-published',
        at: clock.now(),
        actor: { kind: 'house', id: 'crl' },
        subjects: [id, authority, ...beside.map(({ list }) => list.id)],
        facts: {
          ...{ number, shard, nextUpdate: nextUpdate.toString(), bytes: der.length, entries },
          ...{ sha256: list.sha256?.toHex() ?? null, ...(base !== null && { base }) },
          ...(beside.length > 0 && { withDelta: true }),
        },
      },
    ],
  })
  if (committed.kind === 'conflict') return false
  for (const { id, parts } of old) if (parts !== null) await dropParts(id, ledger)
  return true
}

async function nextShard(issuer: Issuer, shard: number, ports: PublishingPorts): Promise<Issue> {
  const { authority } = issuer
  const { ledger, keys, crlUrl } = ports
  const [before, ...old] = await newestHeads(authority.id, shard, 2, ledger)
  const endedBefore = leftBy(before)
  const frame = frameOf(authority, [before], lifeOf(authority).goodFor, ports)
  const entries = new LintedEntries('shard')
  for await (const piece of listedEntries({ authority: authority.id, shard, endedBefore }, ledger))
    entries.take(piece)
  const url = crlUrl(authority.name, shard)
  const made = await makeCrl(issuer, { kind: 'shard', ...frame, url }, entries, keys)
  const record = { ...{ shard, endedBefore, issue: null, base: null }, ...frame }
  return { lists: [await recordOf(record, authority, made, ports)], old }
}

async function nextFull(issuer: Issuer, ports: PublishingPorts): Promise<Issue> {
  const { authority } = issuer
  const { ledger, keys, crlUrl } = ports
  const fulls = await newestHeads(authority.id, fullCrl, 2, ledger)
  const [delta, ...oldDeltas] = await newestHeads(authority.id, deltaCrl, 2, ledger)
  const [before] = fulls
  const frame = frameOf(authority, [before, delta], lifeOf(authority).goodFor, ports)
  const { number, thisUpdate } = frame
  const endedBefore = leftBy(before)
  const hasDelta = authority.kind === 'issuing'
  const base = before && hasDelta ? await baseOf(before, delta, authority, ledger) : undefined
  const difference = base && new Difference(base.entries, base.told)
  const entries = new LintedEntries('full')
  for await (const piece of listedEntries(
    { authority: authority.id, shard: fullCrl, endedBefore },
    ledger,
  )) {
    entries.take(piece)
    difference?.take(piece)
  }
  const deltaUrl = hasDelta ? crlUrl(authority.name, deltaCrl) : undefined
  const made = await makeCrl(issuer, { kind: 'full', ...frame, deltaUrl }, entries, keys)
  const isBase =
    base === undefined ||
    made.entries > greatFrom ||
    Temporal.Instant.compare(base.thisUpdate.add(baseLife), thisUpdate) <= 0
  const nextBase = isBase ? number : base.number
  const common = { endedBefore, ...frame }
  const full = await recordOf(
    { ...common, shard: fullCrl, issue: number, base: hasDelta ? nextBase : null },
    ...([authority, made, ports] as const),
  )
  const needed = new Set([before?.number, nextBase, base?.number])
  const old = fulls.slice(1).filter(({ number }) => !needed.has(number))
  if (!hasDelta) return { lists: [full], old }
  if (delta !== undefined) old.push(...(await outlivedBase(delta, needed, ledger)))
  // RFC 5280 section 5.2.4: issued at the same time, they have the same number and say the same.
  const beside = await makeDelta(
    issuer,
    { ...common, ...deltaTimes(authority, frame.thisUpdate), base: base?.number ?? number },
    difference?.finish() ?? [],
    ports,
  )
  return { lists: [full, beside], old: [...distinct(old), ...oldDeltas] }
}

async function nextDelta(
  issuer: Issuer,
  isDue: boolean,
  ports: PublishingPorts,
): Promise<Issue | undefined> {
  const { authority } = issuer
  const { ledger } = ports
  const fulls = await newestHeads(authority.id, fullCrl, 2, ledger)
  const [full] = fulls
  const [delta, ...old] = await newestHeads(authority.id, deltaCrl, 2, ledger)
  const base = full && (await baseOf(full, delta, authority, ledger))
  // Of a list without its base nothing can be told but the whole.
  if (full === undefined || base === undefined) return undefined
  const { endedBefore } = full
  const difference = new Difference(base.entries, base.told)
  for await (const piece of listedEntries(
    { authority: authority.id, shard: fullCrl, endedBefore },
    ledger,
  ))
    difference.take(piece)
  const entries = difference.finish()
  const isNew = delta === undefined || delta.base !== base.number
  // Right beside a new base nothing is to be told.
  const saysMore = isNew ? entries.length > 0 : !sameBytes(concatBytes(entries), base.told)
  if (!isDue && !saysMore) return undefined
  const frame = frameOf(authority, [full, delta], crlLife.delta.goodFor, ports)
  const { number } = frame
  const common = { endedBefore, ...frame, base: base.number, issue: number }
  const needed = new Set([...fulls.map(({ number }) => number), base.number])
  const outlived = delta === undefined ? [] : await outlivedBase(delta, needed, ledger)
  return { lists: [await makeDelta(issuer, common, entries, ports)], old: [...old, ...outlived] }
}

interface Base {
  readonly number: number
  readonly thisUpdate: Temporal.Instant
  readonly entries: Uint8Array
  /** Entries of the newest delta to it. */
  readonly told: Uint8Array
}

/** The full list to which deltas after this one are, from its own bytes; undefined if they are gone. */
async function baseOf(
  full: CrlHead,
  delta: CrlHead | undefined,
  { crlNumberFrom }: Authority,
  ledger: Ledger,
): Promise<Base | undefined> {
  const number = full.base ?? full.number
  // What lists of the time that a restore lost said is not known, and a delta has to lead from each of them.
  if (number < (crlNumberFrom ?? 0)) return undefined
  const list = await ledger.find('crl', 'number', [full.authority, fullCrl, number])
  const der = list && (await bytesOf(list, ledger))
  if (list === undefined || der === undefined) return undefined
  const newest = delta?.base === number ? await ledger.read('crl', delta.id) : undefined
  const told = newest && (await bytesOf(newest, ledger))
  return {
    ...{ number, thisUpdate: list.thisUpdate, entries: outlineCrl(der).entries },
    told: told === undefined ? new Uint8Array() : outlineCrl(told).entries,
  }
}

/** The base of the delta before, once the newest delta is to another. */
async function outlivedBase(
  { authority, base }: CrlHead,
  needed: ReadonlySet<number | undefined>,
  ledger: Ledger,
): Promise<readonly CrlHead[]> {
  if (base === null || needed.has(base)) return []
  const list = await ledger.find('crl', 'number', [authority, fullCrl, base])
  if (list === undefined || (list.der.length === 0 && list.parts === null)) return []
  const { der: _, ...head } = list
  return [head]
}

function distinct(heads: readonly CrlHead[]): readonly CrlHead[] {
  return [...new Map(heads.map((head) => [head.id, head])).values()]
}

interface Frame {
  readonly number: number
  readonly thisUpdate: Temporal.Instant
  readonly nextUpdate: Temporal.Instant
}

/** Numbers go on above all that were, times never back: RFC 5280 section 5.2.3, and whoever compares two lists. */
function frameOf(
  authority: Authority,
  before: readonly (CrlHead | undefined)[],
  goodFor: Temporal.Duration,
  { clock }: PublishingPorts,
): Frame {
  const heads = before.filter((head) => head !== undefined)
  const number = Math.max(authority.crlNumberFrom ?? 1, ...heads.map(({ number }) => number + 1))
  const thisUpdate = heads.reduce(
    (latest, head) =>
      Temporal.Instant.compare(head.thisUpdate, latest) > 0 ? head.thisUpdate : latest,
    wholeSecond(clock.now()),
  )
  return { number, thisUpdate, nextUpdate: earlier(thisUpdate.add(goodFor), authority.notAfter) }
}

function deltaTimes({ notAfter }: Authority, thisUpdate: Temporal.Instant) {
  return { nextUpdate: earlier(thisUpdate.add(crlLife.delta.goodFor), notAfter) }
}

/** What the list before showed for long enough. */
function leftBy(before: CrlHead | undefined): Temporal.Instant | null {
  if (before === undefined) return null
  const shown = before.thisUpdate.subtract(shownBeyondEnd)
  const { endedBefore } = before
  return endedBefore !== null && Temporal.Instant.compare(endedBefore, shown) > 0
    ? endedBefore
    : shown
}

type Facts = Pick<CrlRecord, 'shard' | 'issue' | 'base' | 'endedBefore'> & Frame

async function makeDelta(
  issuer: Issuer,
  facts: Frame & {
    readonly base: number
    readonly endedBefore: Temporal.Instant | null
    readonly issue?: number
  },
  entries: readonly Uint8Array[],
  ports: PublishingPorts,
): Promise<WholeCrl> {
  const { number, thisUpdate, nextUpdate, base, endedBefore, issue = null } = facts
  const frame = { number, thisUpdate, nextUpdate }
  const linted = new LintedEntries('delta')
  for (const entry of entries) linted.take(entry)
  const made = await makeCrl(issuer, { kind: 'delta', ...frame, base }, linted, ports.keys)
  return recordOf(
    { shard: deltaCrl, issue, base, endedBefore, ...frame },
    issuer.authority,
    made,
    ports,
  )
}

async function recordOf(
  { shard, issue, base, endedBefore, number, thisUpdate, nextUpdate }: Facts,
  authority: Authority,
  { der, entries }: { readonly der: Uint8Array; readonly entries: number },
  ports: PublishingPorts,
): Promise<WholeCrl> {
  const id = newId('crl', ports)
  const { parts, sha256 } = await writeParts(id, der, ports)
  return {
    list: {
      ...{ id, version: 1, authority: authority.id, shard, number, thisUpdate, nextUpdate },
      ...{ der: parts === null ? der : new Uint8Array(), parts, issue, base, endedBefore, entries },
      sha256,
    },
    der,
  }
}

/** Whether the next one is to be made though nothing changed. */
export function isCrlDue(
  list: Pick<CrlRecord, 'thisUpdate' | 'shard'>,
  authority: Authority,
  now: Temporal.Instant,
): boolean {
  return Temporal.Instant.compare(plannedAfter(list, authority), now) <= 0
}

/** When the one after it comes if nothing changes, of an authority whose key is here. */
export function plannedAfter(
  { thisUpdate, shard }: Pick<CrlRecord, 'thisUpdate' | 'shard'>,
  authority: Pick<Authority, 'kind'>,
): Temporal.Instant {
  const life = shard === deltaCrl ? crlLife.delta : lifeOf(authority)
  return thisUpdate.add(life.renewedAfter)
}

/** Whether a list of now would say what this one says, octet by octet: counts alone would miss a release beside a revocation. */
export async function isCurrent(
  list: Pick<CrlRecord, 'authority' | 'shard' | 'endedBefore'>,
  der: Uint8Array,
  ledger: Ledger,
): Promise<boolean> {
  const { entries } = outlineCrl(der)
  const { authority, shard, endedBefore } = list
  let at = 0
  for await (const piece of listedEntries({ authority, shard, endedBefore }, ledger)) {
    if (!sameBytes(entries.subarray(at, at + piece.length), piece)) return false
    at += piece.length
  }
  return at === entries.length
}

function earlier(left: Temporal.Instant, right: Temporal.Instant): Temporal.Instant {
  return Temporal.Instant.compare(left, right) < 0 ? left : right
}
