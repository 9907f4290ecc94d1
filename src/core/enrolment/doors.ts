// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { refuse } from '#trust/refusal.ts'
import { anchorOf, type TrustAnchor } from '#trust/trust-anchor.ts'
import { type Issuer, readyIssuer } from '../authority/issuer.ts'
import { inOffice, isTwin, twinBeside } from '../authority/twin.ts'
import { type ReadyUpstream, readyUpstream } from '../authority/upstream/ready-upstream.ts'
import { Fault } from '../fault.ts'
import { isForSigners } from '../ledger/authority-origin.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type {
  Authority,
  Entrance,
  Kind,
  LedgerRecord,
  Party,
  Product,
  ProfileRecord,
  RenewalOrder,
  RootLink,
  Upstream,
} from '../ledger/tables.ts'
import { parseProfile } from '../policy/document/parse-profile.ts'
import type { Profile } from '../policy/profile.ts'
import type { Refused } from '../refusal.ts'

/** An entrance with all that stands behind it, read and parsed once. */
export interface Door {
  readonly entrance: Entrance
  readonly product: Product
  readonly party: Party
  readonly profile: Profile
  readonly issuer: Issuer
  /** Issues for keys that withstand quantum computers; undefined: there is none, or the issuer is it. */
  readonly twin: Issuer | undefined
  /** Signs instead of them, where the profile says so. */
  readonly upstream: ReadyUpstream | undefined
}

/** A foreign authority that may vouch for birth identities of some products. */
export interface ForeignAuthority {
  readonly authority: Authority
  readonly anchor: TrustAnchor
}

/** The kinds of record that doors are made of; a change of one of them calls for `reload`. */
export const doorKinds: readonly Kind[] = [
  ...(['party', 'product', 'profile', 'authority', 'entrance', 'renewalOrder'] as const),
  'rootLink',
  'upstream',
]

/**
 * The doors of the house in memory: few, asked at every request, changed by operators only.
 *
 * Made by `openDoors`, renewed whole by `reload`; a request sees one state or the other. A door whose
 * records do not read stays as it was before, or shut if it never read; `troubles` says so.
 */
export class Doors {
  readonly #ledger: Ledger
  #byLabel: ReadonlyMap<string, Door | Shut> = new Map()
  #defaults: ReadonlyMap<string, Door | Shut> = new Map()
  #foreign: readonly ForeignAuthority[] = []
  #authorities: readonly Authority[] = []
  #products: ReadonlyMap<string, Product> = new Map()
  #troubles: readonly string[] = []
  #orders: readonly RenewalOrder[] = []
  #upstreams: readonly ReadyUpstream[] = []
  #links: readonly RootLink[] = []
  #generation = 0
  #reloading: Promise<unknown> = Promise.resolve()

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  /** Reads all anew, after whatever reading is under way: the state of the last change wins. */
  reload(): Promise<void> {
    const reloaded = this.#reloading.then(() => this.#load())
    this.#reloading = reloaded.catch(() => {})
    return reloaded
  }

  async #load(): Promise<void> {
    const [parties, products, profiles, authorities, entrances, orders, links, known] =
      await Promise.all([
        all(this.#ledger, 'party'),
        all(this.#ledger, 'product'),
        all(this.#ledger, 'profile'),
        all(this.#ledger, 'authority'),
        all(this.#ledger, 'entrance'),
        openOrders(this.#ledger),
        standingLinks(this.#ledger),
        all(this.#ledger, 'upstream'),
      ])
    const troubles: string[] = []
    const authoritiesById = byId(authorities)
    const upstreams = known.flatMap((one) => upstreamOf(one, authoritiesById, troubles))
    const records: Records = {
      parties: byId(parties),
      products: byId(products),
      profiles: newestOf(profiles),
      authorities: authoritiesById,
      upstreams: new Map(upstreams.map((one) => [one.upstream.name, one])),
    }
    const doors = entrances.map((entrance): Door | Shut => {
      try {
        return openDoor(entrance, records)
      } catch (error) {
        if (!(error instanceof Fault || error instanceof FormatError)) throw error
        const before = this.#byLabel.get(entrance.label)
        const now = before === undefined || 'why' in before ? 'is shut' : 'stays as it was'
        troubles.push(`entrance ${entrance.label} ${now}: ${error.message}`)
        return before ?? { entrance, why: error.message }
      }
    })
    this.#byLabel = new Map(doors.map((door) => [door.entrance.label, door]))
    this.#defaults = new Map(
      doors
        .filter(({ entrance }) => entrance.isDefault)
        .map((door) => [door.entrance.product, door]),
    )
    this.#foreign = authorities.flatMap((authority) => vouching(authority, troubles))
    this.#authorities = authorities
    this.#products = records.products
    this.#troubles = troubles
    this.#orders = orders
    this.#upstreams = upstreams
    this.#links = links
    this.#generation++
  }

  /** Counts the readings: what was made of the doors is of one of them. */
  get generation(): number {
    return this.#generation
  }

  /** The links between roots that were not revoked, the oldest first. */
  get links(): readonly RootLink[] {
    return this.#links
  }

  /** Every authority that the ledger has, ours or not, whatever its state; the oldest first. */
  get authorities(): readonly Authority[] {
    return this.#authorities
  }

  /** The product of this id, whether or not an entrance leads to it. */
  productOf(id: string): Product | undefined {
    return this.#products.get(id)
  }

  /** The renewal orders that stand. */
  get orders(): readonly RenewalOrder[] {
    return this.#orders
  }

  /** Everyone else who signs for us, or did. */
  get upstreams(): readonly ReadyUpstream[] {
    return this.#upstreams
  }

  /** What did not read, and what follows from it. */
  get troubles(): readonly string[] {
    return this.#troubles
  }

  /** All that are not shut. */
  get open(): readonly Door[] {
    return [...this.#byLabel.values()].flatMap((door) => ('why' in door ? [] : [door]))
  }

  /** The door under this label. */
  labelled(label: string): Door | Refused {
    return openOr(this.#byLabel.get(label), `no entrance ${label}`)
  }

  /** The door that a device of this product means: the labelled one if it is the product's, else its default. */
  for(product: string, label: string | undefined): Door | Refused {
    if (label === undefined) {
      return openOr(this.#defaults.get(product), 'this product has no default entrance')
    }
    const door = this.labelled(label)
    if ('kind' in door || door.product.id === product) return door
    return refuse('entrance-wrong', `entrance ${label} is not for this device's product`)
  }

  get foreign(): readonly ForeignAuthority[] {
    return this.#foreign
  }

  /** From memory where it is known, so that a store that is away takes no published list with it. */
  async authorityNamed(name: string): Promise<Authority | undefined> {
    const known = this.#authorities.find((one) => one.name === name)
    return known ?? this.#ledger.find('authority', 'name', [name])
  }

  /** Whether this authority of ours stands in the chain beside the usual one. */
  isTwin(authority: string): boolean {
    return this.#authorities.some((one) => one.id === authority && isTwin(one))
  }

  /** The authority above: the root, of one that was made here. */
  rootOf({ parent }: Authority): Authority | undefined {
    return this.#authorities.find(({ id }) => id === parent)
  }

  /** What stands above an authority, its issuer first; above one that was adopted there may be several. */
  above(authority: Authority): readonly Authority[] {
    const above: Authority[] = []
    for (
      let next = this.rootOf(authority);
      next !== undefined && !above.includes(next);
      next = this.rootOf(next)
    ) {
      above.push(next)
    }
    return above
  }

  /** Roots and issuing authorities of our own, issuers first, of each the twins and those for signers last. */
  get own(): readonly Authority[] {
    const rank = { issuing: 0, root: 1, foreign: 2 }
    return this.#authorities
      .filter(({ kind, state }) => kind !== 'foreign' && state !== 'retired')
      .toSorted(
        (left, right) =>
          rank[left.kind] - rank[right.kind] ||
          Number(isForSigners(left)) - Number(isForSigners(right)) ||
          Number(isTwin(left)) - Number(isTwin(right)),
      )
  }

  /** Those of our own that certify devices and whom they meet: who signs artefacts is believed by other anchors. */
  get ofIdentities(): readonly Authority[] {
    return this.own.filter((one) => !isForSigners(one))
  }
}

export async function openDoors(ledger: Ledger): Promise<Doors> {
  const doors = new Doors(ledger)
  await doors.reload()
  return doors
}

/** An entrance that cannot be opened. */
interface Shut {
  readonly entrance: Entrance
  readonly why: string
}

function openOr(door: Door | Shut | undefined, missing: string): Door | Refused {
  if (door === undefined) return refuse('entrance-unknown', missing)
  if ('why' in door) {
    return refuse('issuing-stopped', `entrance ${door.entrance.label} is shut; ask the operator`)
  }
  return door
}

interface Records {
  readonly parties: ReadonlyMap<string, Party>
  readonly products: ReadonlyMap<string, Product>
  readonly profiles: ReadonlyMap<string, ProfileRecord>
  readonly authorities: ReadonlyMap<string, Authority>
  /** By name. */
  readonly upstreams: ReadonlyMap<string, ReadyUpstream>
}

/** @throws Fault `ledger-damaged`, or FormatError, if something behind it does not read */
function openDoor(entrance: Entrance, records: Records): Door {
  const product = need(records.products.get(entrance.product), 'product')
  const profile = need(records.profiles.get(entrance.profile), 'profile')
  const authority = need(inOffice(entrance.authority, records.authorities), 'authority')
  const twin = twinBeside(authority, records.authorities)
  const parsed = readProfile(profile)
  const { hosting } = parsed
  return {
    entrance,
    product,
    party: need(records.parties.get(product.party), 'party'),
    profile: parsed,
    issuer: readyIssuer(authority),
    twin: twin && readyIssuer(twin),
    upstream: hosting && need(records.upstreams.get(hosting.upstream), 'upstream'),
  }
}

/** One that was removed signs nothing more, and what it signed before is no matter of doors. */
function upstreamOf(
  upstream: Upstream,
  authorities: ReadonlyMap<string, Authority>,
  troubles: string[],
): readonly ReadyUpstream[] {
  if (upstream.state !== 'active') return []
  try {
    return [readyUpstream(upstream, (id) => authorities.get(id))]
  } catch (error) {
    if (!(error instanceof Fault || error instanceof FormatError)) throw error
    troubles.push(`upstream ${upstream.name} signs nothing: ${error.message}`)
    return []
  }
}

/** Registered only after it was read once: one that no longer reads vouches for nobody. */
function vouching(authority: Authority, troubles: string[]): readonly ForeignAuthority[] {
  if (authority.kind !== 'foreign' || authority.state !== 'active') return []
  try {
    const read = anchorOf(parseCertificate(authority.certificate))
    if (read.kind === 'anchor') return [{ authority, anchor: read.anchor }]
    troubles.push(`foreign authority ${authority.name} vouches for nobody: ${read.detail}`)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    troubles.push(`foreign authority ${authority.name} vouches for nobody: ${error.message}`)
  }
  return []
}

function byId<T extends { readonly id: string }>(records: readonly T[]): ReadonlyMap<string, T> {
  return new Map(records.map((record) => [record.id, record]))
}

function newestOf(profiles: readonly ProfileRecord[]): ReadonlyMap<string, ProfileRecord> {
  const newest = new Map<string, ProfileRecord>()
  for (const one of profiles) {
    if (one.number >= (newest.get(one.name)?.number ?? 0)) newest.set(one.name, one)
  }
  return newest
}

/** Orders that can stand at once. */
export const mostOrders = 100

/** One that was brought has no certificate here, and so none that could be revoked here. */
async function standingLinks(ledger: Ledger): Promise<readonly RootLink[]> {
  const standing: RootLink[] = []
  for (const link of await all(ledger, 'rootLink')) {
    const signed = await ledger.find('certificate', 'sha256', [link.certificateSha256])
    if (signed === undefined || signed.revokedAt === null) standing.push(link)
  }
  return standing
}

async function openOrders(ledger: Ledger): Promise<readonly RenewalOrder[]> {
  const walk = { by: 'state', equal: ['open'], limit: mostOrders } as const
  return (await ledger.list('renewalOrder', walk)).items
}

async function all<K extends Kind>(ledger: Ledger, kind: K): Promise<readonly LedgerRecord<K>[]> {
  const found: LedgerRecord<K>[] = []
  let after: string | null | undefined
  do {
    const page = await ledger.list(kind, { limit: 1000, ...(after ? { after } : {}) })
    found.push(...page.items)
    after = page.next
  } while (after !== null)
  return found
}

function need<T>(found: T | undefined, what: string): T {
  if (found === undefined) throw new Fault('ledger-damaged', `its ${what} is not there`)
  return found
}

function readProfile({ document, name, number }: ProfileRecord): Profile {
  const parsed = parseProfile(document)
  if (parsed.kind === 'faults') {
    const [first] = parsed.faults
    throw new Fault(
      'ledger-damaged',
      `profile ${name} ${number} does not read: ${first?.path}: ${first?.remedy}`,
    )
  }
  return { ...parsed.profile, version: number }
}
