// SPDX-License-Identifier: Apache-2.0
import { parseCertificate } from '#format/x509/certificate.ts'
import { refuse } from '#trust/refusal.ts'
import { anchorOf, type TrustAnchor } from '#trust/trust-anchor.ts'
import { type Issuer, readyIssuer } from '../authority/issuer.ts'
import { Fault } from '../fault.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Authority, Entrance, Kind, LedgerRecord, Party, Product } from '../ledger/tables.ts'
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
}

/** A foreign authority that may vouch for birth identities of some products. */
export interface ForeignAuthority {
  readonly authority: Authority
  readonly anchor: TrustAnchor
}

/** The kinds of record that doors are made of; a change of one of them calls for `reload`. */
export const doorKinds: readonly Kind[] = ['party', 'product', 'profile', 'authority', 'entrance']

/**
 * The doors of the house in memory: few, asked at every request, changed by operators only.
 *
 * Made by `openDoors`, renewed whole by `reload`; a request sees one state or the other.
 */
export class Doors {
  readonly #ledger: Ledger
  #byLabel: ReadonlyMap<string, Door> = new Map()
  #defaults: ReadonlyMap<string, Door> = new Map()
  #foreign: readonly ForeignAuthority[] = []
  #authorities: readonly Authority[] = []

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  async reload(): Promise<void> {
    const [parties, products, profiles, authorities, entrances] = await Promise.all([
      all(this.#ledger, 'party'),
      all(this.#ledger, 'product'),
      all(this.#ledger, 'profile'),
      all(this.#ledger, 'authority'),
      all(this.#ledger, 'entrance'),
    ])
    const newest = new Map<string, (typeof profiles)[number]>()
    for (const one of profiles) {
      if (one.number >= (newest.get(one.name)?.number ?? 0)) newest.set(one.name, one)
    }
    const issuers = new Map<string, Issuer>()
    for (const one of authorities) if (one.kind === 'issuing') issuers.set(one.id, readyIssuer(one))
    const doors = entrances.map((entrance): Door => {
      const product = need(
        products.find(({ id }) => id === entrance.product),
        entrance.label,
      )
      const record = need(newest.get(entrance.profile), entrance.label)
      return {
        entrance,
        product,
        party: need(
          parties.find(({ id }) => id === product.party),
          entrance.label,
        ),
        profile: readProfile(record.document, record.number),
        issuer: need(issuers.get(entrance.authority), entrance.label),
      }
    })
    this.#byLabel = new Map(doors.map((door) => [door.entrance.label, door]))
    this.#defaults = new Map(
      doors.filter((door) => door.entrance.isDefault).map((door) => [door.product.id, door]),
    )
    this.#foreign = authorities
      .filter(({ kind, state }) => kind === 'foreign' && state === 'active')
      .flatMap((authority) => {
        // Registered only after it was read once: one that no longer reads vouches for nobody.
        const read = anchorOf(parseCertificate(authority.certificate))
        return read.kind === 'anchor' ? [{ authority, anchor: read.anchor }] : []
      })
    this.#authorities = authorities
  }

  /** The door under this label. */
  labelled(label: string): Door | undefined {
    return this.#byLabel.get(label)
  }

  /** The door that a device of this product means: the labelled one if it is the product's, else its default. */
  for(product: string, label: string | undefined): Door | Refused {
    const door = label === undefined ? this.#defaults.get(product) : this.#byLabel.get(label)
    if (door === undefined) {
      return refuse(
        'entrance-unknown',
        label === undefined ? 'this product has no default entrance' : `no entrance ${label}`,
      )
    }
    if (door.product.id !== product) {
      return refuse('entrance-wrong', `entrance ${label} is not for this device's product`)
    }
    return door
  }

  get foreign(): readonly ForeignAuthority[] {
    return this.#foreign
  }

  /** Roots and issuing authorities of our own, issuers first. */
  get own(): readonly Authority[] {
    const rank = { issuing: 0, root: 1, foreign: 2 }
    return this.#authorities
      .filter(({ kind, state }) => kind !== 'foreign' && state !== 'retired')
      .toSorted((left, right) => rank[left.kind] - rank[right.kind])
  }
}

export async function openDoors(ledger: Ledger): Promise<Doors> {
  const doors = new Doors(ledger)
  await doors.reload()
  return doors
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

function need<T>(found: T | undefined, label: string): T {
  if (found === undefined) {
    throw new Fault('ledger-damaged', `entrance ${label} points to a record that is not there`)
  }
  return found
}

function readProfile(document: unknown, number: number): Profile {
  const parsed = parseProfile(document)
  if (parsed.kind === 'faults') {
    throw new Fault('ledger-damaged', `a stored profile does not parse: ${parsed.faults[0]?.path}`)
  }
  return { ...parsed.profile, version: number }
}
