// SPDX-License-Identifier: Apache-2.0
import { sameBytes } from '#format/bytes.ts'
import { parseBundle } from '#format/ceremony/bundle.ts'
import { parseManifest } from '#format/ceremony/manifest.ts'
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import { sameName } from '#format/x509/name.ts'
import type { Actor, AuditEvent } from '../audit/event.ts'
import { planLink } from '../authority/link-roots.ts'
import type { InstallingPorts } from '../authority/plan-installation.ts'
import type { Put } from '../ledger/ledger.ts'
import type { Authority } from '../ledger/tables.ts'
import type { Planned } from './plan-bundle.ts'
import type { SoundBundle } from './verify-bundle.ts'

/** Links between the same two roots. */
interface LinkedPair {
  /** The ids of the older one and of the one that follows it. */
  readonly before: string
  readonly root: string
  readonly certificates: readonly Certificate[]
}

/**
 * The links of a bundle, and those of earlier acts whose other root comes only now: two vaults vouch for each
 * other in two acts, and either may be imported first.
 *
 * A link that cannot lead devices keeps nothing else of its bundle out: it waits for the act that brings the
 * other root, or for `authority link`.
 *
 * @param fresh the roots that come with the bundle; they are put here, for one may have its successor at once
 */
export async function planLinks(
  bundle: SoundBundle,
  fresh: readonly Authority[],
  actor: Actor,
  ports: InstallingPorts,
): Promise<Planned & { readonly count: number; readonly left: number }> {
  const own = linksIn(bundle.certificates)
  const query = { by: 'kind', equal: ['root'], limit: 1000 } as const
  const here = await ports.ledger.list('authority', query)
  const roots = new Map([...here.items, ...fresh].map((root) => [root.id, root]))
  const touched = new Set(fresh.map(({ id }) => id))
  const puts: Put[] = []
  const events: AuditEvent[] = []
  const booked = new Set<Certificate>()
  let count = 0
  for (const pair of pairsOf([...own, ...(await linksBefore(ports))], [...roots.values()])) {
    const [before, root] = [roots.get(pair.before), roots.get(pair.root)]
    if (before === undefined || root === undefined) continue
    const { certificates } = pair
    const plan = await planLink({ before, root, certificates }, actor, ports)
    if (plan.kind === 'refused') continue
    if (plan.follows) {
      // One change of a record is one version, and what is fresh begins with its first.
      const version = touched.has(before.id) ? before.version : plan.before.version
      roots.set(before.id, { ...plan.before, version })
      touched.add(before.id)
    }
    puts.push(...plan.links.map((record): Put => ({ kind: 'rootLink', record })))
    events.push(...plan.events)
    count += plan.links.length
    for (const certificate of certificates) booked.add(certificate)
  }
  const authorities = [...roots.values()]
    .filter(({ id }) => touched.has(id))
    .map((record): Put => ({ kind: 'authority', record }))
  return {
    ...{ puts: [...authorities, ...puts], events, count },
    left: own.filter((one) => !booked.has(one)).length,
  }
}

function linksIn(certificates: SoundBundle['certificates']): readonly Certificate[] {
  return certificates.flatMap(({ kind, certificate }) => (kind === 'link' ? certificate : []))
}

/** Those of all acts that were imported; they were verified then. */
async function linksBefore({ ledger }: InstallingPorts): Promise<readonly Certificate[]> {
  const { items } = await ledger.list('ceremony', { limit: 1000 })
  return items.flatMap(({ bundle }) => {
    const { manifest, parts } = parseBundle(bundle)
    const names = parseManifest(manifest).certificates.filter(({ kind }) => kind === 'link')
    return names.flatMap(({ part }) => {
      const bytes = parts.find(({ name }) => name === part)?.bytes
      return bytes === undefined ? [] : parseCertificate(bytes)
    })
  })
}

/** By the two roots that each is between, told by their keys; one of them may not be here. */
function pairsOf(
  links: readonly Certificate[],
  roots: readonly Authority[],
): readonly LinkedPair[] {
  const parsed = roots.map(({ id, certificate }) => ({ id, ...parseCertificate(certificate) }))
  const pairs = new Map<string, LinkedPair>()
  for (const link of links) {
    const certified = parsed.find(({ publicKey }) => sameBytes(publicKey.der, link.publicKey.der))
    const signer = parsed.find((root) => root !== certified && signed(root, link))
    if (certified === undefined || signer === undefined) continue
    const isNewer = Temporal.Instant.compare(certified.notBefore, signer.notBefore) > 0
    const [before, root] = isNewer ? [signer, certified] : [certified, signer]
    const key = `${before.id} ${root.id}`
    const certificates = [...(pairs.get(key)?.certificates ?? []), link]
    pairs.set(key, { before: before.id, root: root.id, certificates })
  }
  return [...pairs.values()]
}

/** By its name and its key's identifier; whether it truly did, `planLink` proves. */
function signed({ subject, extensions }: Certificate, link: Certificate): boolean {
  const own = readExtension(extensions, 'subjectKeyIdentifier')
  const named = readExtension(link.extensions, 'authorityKeyIdentifier')?.keyIdentifier
  return (
    sameName(subject, link.issuer) &&
    own !== undefined &&
    named !== undefined &&
    sameBytes(own, named)
  )
}
