// SPDX-License-Identifier: Apache-2.0
import type { Authority, RootLink } from '#core/ledger/tables.ts'
import type { Doors } from '../doors.ts'

/** What devices are to know of authorities. */
export interface Believed {
  /** The roots: what a device may pin. */
  readonly anchors: readonly Authority[]
  /** DER: issuers first, what is between, the links between roots, the roots last. */
  readonly certificates: readonly Uint8Array[]
}

/** The part of the doors that is looked at. */
export type AuthorityBook = Pick<Doors, 'above' | 'authorities' | 'links'>

/**
 * What devices are to know whose certificates are by these authorities: all that stand above them, the
 * roots that follow those, and the links by which they find from one to the other.
 *
 * A root that was retired is named no more, and no link that it signed: a device that holds it alone
 * has missed its time.
 *
 * @see RFC 7030 section 4.1.3
 */
export function believedBy(issuers: readonly Authority[], book: AuthorityBook): Believed {
  const below = issuers.filter(isInForce)
  const whole = new Set(below.flatMap((one) => [one, ...book.above(one)]).filter(isInForce))
  for (const one of whole) {
    const next = one.kind === 'root' ? successorOf(one, book) : undefined
    if (next !== undefined) whole.add(next)
  }
  const anchors = [...whole].filter(({ parent }) => parent === null)
  const between = [...whole].filter(({ parent }) => parent !== null)
  const links = linksTo(new Set(anchors.map(({ id }) => id)), book)
  return {
    anchors,
    certificates: [...between, ...links, ...anchors].map(({ certificate }) => certificate),
  }
}

/** Links to these roots that roots in force signed. */
function linksTo(roots: ReadonlySet<string>, { links, authorities }: AuthorityBook) {
  const inForce = new Set(authorities.filter(isInForce).map(({ id }) => id))
  return links.filter(({ certified, signer }) => roots.has(certified) && inForce.has(signer))
}

/**
 * The links by which a root is reached from those before it, its own first: what a TLS server sends behind
 * its issuer, so that who holds an older root alone still finds the way.
 */
export function linksBack(root: Authority, book: AuthorityBook): readonly RootLink[] {
  const found: RootLink[] = []
  for (let at: Authority | undefined = root; at !== undefined; ) {
    const { id }: Authority = at
    const before: Authority | undefined = book.authorities.find(
      (one) => one.kind === 'root' && one.successor === id && isInForce(one),
    )
    const link =
      before && book.links.findLast((one) => one.certified === id && one.signer === before.id)
    if (link === undefined || found.includes(link)) return found
    found.push(link)
    at = before
  }
  return found
}

/** The root that devices are led to from this one: itself, if none follows it. */
export function newestOf(root: Authority, book: Pick<AuthorityBook, 'authorities'>): Authority {
  const seen = new Set<Authority>()
  let at = root
  for (let next = successorOf(at, book); next && !seen.has(next); next = successorOf(at, book)) {
    seen.add(next)
    at = next
  }
  return at
}

function successorOf(
  { successor }: Authority,
  { authorities }: Pick<AuthorityBook, 'authorities'>,
) {
  const next = authorities.find(({ id }) => id === successor)
  return next && isInForce(next) ? next : undefined
}

export function isInForce({ state }: Pick<Authority, 'state'>): boolean {
  return state !== 'retired'
}
