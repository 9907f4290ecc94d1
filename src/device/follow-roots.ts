// SPDX-License-Identifier: Apache-2.0
import { sameBytes } from '#format/bytes.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { sha256 } from '#trust/digest.ts'
import { followLink, isSelfIssued, leadsForward } from '#trust/link.ts'
import { refuse } from '#trust/refusal.ts'
import { signsItself } from '#trust/self-signed.ts'
import { type Bond, lineOf } from './bond.ts'
import { fetchCaCertificates } from './connection/est.ts'
import type { Credential } from './credential.ts'
import { DeviceFault } from './fault.ts'
import type { DevicePorts } from './ports.ts'
import type { Refused } from './refusal.ts'
import { prove } from './settle.ts'
import { writeRoots } from './state/state.ts'
import { latest } from './time.ts'

/** What came of a look at the server's roots. */
export interface RootNews {
  /** Roots that are believed from now on. */
  readonly followed: readonly Certificate[]
  /** Roots that are believed no more. */
  readonly dropped: readonly Certificate[]
  /** Links that lead nowhere, each with the reason why no root is believed for it. */
  readonly ignored: readonly Refused[]
}

export const noNews: RootNews = { followed: [], dropped: [], ignored: [] }

/**
 * Looks at the roots that the server offers, over a connection that a pinned root vouches for, and follows a
 * pinned root to the one after it. RFC 7030 section 4.1.3, RFC 9810 section 4.4.
 *
 * A root is dropped when the server does not name it any more, or when it has ended; and not before another
 * pinned root alone vouched for the server in a connection of its own. So there is always one that works, and
 * the way leads forward only.
 *
 * What stands against it is no reason for a device to stop: it looks again the next time.
 */
export async function followRoots(
  ports: DevicePorts,
  bond: Bond,
  credential: Credential,
): Promise<RootNews> {
  try {
    const line = lineOf(ports, bond)
    const offered = await fetchCaCertificates(line, bond.settings.label, credential)
    if (offered.kind !== 'certificates') return noNews
    const { followed, ignored } = findFollowing(bond.roots, offered.certificates, line.trust.now)
    const roots = [...bond.roots, ...followed]
    const settings =
      followed.length === 0 ? bond.settings : writeRoots(ports.files, bond.settings, roots)
    const now: Bond = { ...bond, settings, roots }
    const dropped = await drop(ports, now, credential, offered.certificates)
    return { followed, dropped, ignored }
  } catch (error) {
    if (error instanceof DeviceFault && error.passing) return noNews
    throw error
  }
}

/** What a bag may hold of certificates that name themselves; a hostile server may send what it likes. */
const mostSelfIssued = 32

/** Roots to which links lead from those that are held, over one another if need be. */
export function findFollowing(
  held: readonly Certificate[],
  offered: readonly Certificate[],
  now: Temporal.Instant,
): Pick<RootNews, 'followed' | 'ignored'> {
  const selfIssued = offered.filter(isSelfIssued).slice(0, mostSelfIssued)
  const roots = selfIssued.filter(signsItself)
  const links = new Set(selfIssued.filter((one) => !roots.includes(one)))
  const followed: Certificate[] = []
  const reasons = new Map<Certificate, Refused>()
  for (let before = -1; before !== followed.length; ) {
    before = followed.length
    for (const link of links) {
      const known = [...held, ...followed]
      const found = isNews(known, link) ? follow(known, roots, link, now) : undefined
      if (found === undefined) links.delete(link)
      else if (found.kind === 'refused') reasons.set(link, found)
      else {
        followed.push(found.root)
        links.delete(link)
      }
    }
  }
  return { followed, ignored: [...links].flatMap((link) => reasons.get(link) ?? []) }
}

/**
 * Nothing new is a link to a root that is believed already, one between roots of another name, as of twins, and
 * one that leads back: OldWithNew is offered for as long as the old root is in force.
 */
function isNews(known: readonly Certificate[], link: Certificate): boolean {
  const isHeld = known.some(({ publicKey }) => sameBytes(publicKey.der, link.publicKey.der))
  const mayLead = known.some(
    (root) => sameBytes(root.subject.der, link.subject.der) && leadsForward(root, link),
  )
  return !isHeld && mayLead
}

function follow(
  known: readonly Certificate[],
  roots: readonly Certificate[],
  link: Certificate,
  now: Temporal.Instant,
) {
  const root = roots.find(({ publicKey }) => sameBytes(publicKey.der, link.publicKey.der))
  if (root === undefined)
    return refuse('link-key-differs', 'a link certifies a key that no root of the server has')
  // A slow clock makes nothing "not yet valid": see path.ts.
  const at = latest([now, link.notBefore, root.notBefore])
  let refused: Refused | undefined
  for (const from of known.toReversed()) {
    const found = followLink({ held: from, root, link, at })
    if (found.kind === 'followed') {
      return leadsForward(from, link) ? found : undefined
    }
    if (refused === undefined || refused.reason === 'link-identifier-wrong') refused = found
  }
  return refused
}

async function drop(
  ports: DevicePorts,
  bond: Bond,
  credential: Credential,
  offered: readonly Certificate[],
): Promise<readonly Certificate[]> {
  const line = lineOf(ports, bond)
  const isGone = (root: Certificate) =>
    !offered.some(({ der }) => sameBytes(der, root.der)) ||
    Temporal.Instant.compare(root.notAfter, line.trust.now) < 0
  const left = bond.roots.filter((root) => !isGone(root))
  if (left.length === bond.roots.length || left.length === 0) return []
  const trust = { ...line.trust, roots: left }
  const proved = await prove(credential, bond.settings.serial, { ...line, trust })
  if (proved.kind !== 'known') return []
  writeRoots(ports.files, bond.settings, left)
  return bond.roots.filter(isGone)
}

/** SHA-256 of a root, as people compare it. */
export function digestOf({ der }: Certificate): string {
  return sha256(der).toHex()
}
