// SPDX-License-Identifier: Apache-2.0
import type { VendorBundle } from '#format/admin/vendor-bundle.ts'
import type { VendorCertificate } from '#format/tpm/endorsement-certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import { formatName } from '#format/x509/name.ts'
import { sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import { anchorOf } from '#trust/trust-anchor.ts'
import type { KeyLists } from '#trust/weak-keys/key-lists.ts'
import type { Actor, AuditEvent, EventType } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import type { Put } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { VendorBundleRecord, VendorRoot } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import { generationOf, nextGeneration, type VendorPorts } from './ports.ts'
import { rootsOf, withdrawnDigests } from './roots-of.ts'

/** What an import did to one certificate. `withheld`: a person withdrew it before, and it stays so. */
export interface VendorChange {
  readonly what: 'added' | 'changed' | 'dropped' | 'withheld'
  readonly root: VendorRoot
}

export type BundleImported =
  | {
      readonly kind: 'imported'
      readonly bundle: VendorBundleRecord
      readonly changes: readonly VendorChange[]
      readonly unchanged: number
    }
  | Refused

/** Whoever has the private half of a maker's authority makes chips that are believed. */
interface ImportingPorts extends VendorPorts {
  readonly keyLists: KeyLists
}

/** An event names so many records at the most. */
const mostSubjects = 200

/**
 * Makes the makers' authorities of a bundle those that are believed: what an earlier version of the same bundle had
 * and this one has not is dropped, in the same commit.
 *
 * @param digest SHA-256 of the file; that an administrator named it is what makes the bundle genuine
 */
export async function importBundle(
  bundle: VendorBundle,
  digest: Uint8Array,
  actor: Actor,
  ports: ImportingPorts,
): Promise<BundleImported> {
  const generation = await generationOf(ports.ledger)
  const falls = await refuseIfFalling(bundle, digest, ports)
  if (falls !== undefined && 'kind' in falls) return falls
  const now = ports.clock.now()
  const wanted = wantedRoots(bundle, now, ports)
  if ('kind' in wanted) return wanted
  const known = new Map<string, VendorRoot>()
  for await (const root of rootsOf(bundle.name, ports.ledger))
    known.set(root.certificateSha256.toHex(), root)
  const withdrawn = await withdrawnDigests(ports.ledger)
  const { changes, unchanged } = compare(wanted, { known, withdrawn }, now, actor)
  if (falls !== undefined) return { kind: 'imported', bundle: falls, changes: [], unchanged }
  const record = recordOf(bundle, digest, wanted.length, actor, now, ports)
  const written = changes.filter(({ what }) => what !== 'withheld')
  const refused = await settle(
    {
      puts: [
        { kind: 'vendorBundle', record },
        ...written.map(({ root }): Put => ({ kind: 'vendorRoot', record: root })),
        nextGeneration(generation, ports),
      ],
      events: eventsOf(record, changes, actor),
    },
    ports.ledger,
  )
  return refused ?? { kind: 'imported', bundle: record, changes, unchanged }
}

/** Versions never fall; the same file again is no harm, and gives the record of the first time. */
async function refuseIfFalling(
  { name, version }: VendorBundle,
  digest: Uint8Array,
  { ledger }: VendorPorts,
): Promise<Refused | VendorBundleRecord | undefined> {
  const newest = await newestBundle(name, ledger)
  if (newest === undefined || newest.number < version) return undefined
  const same = newest.sha256.toHex() === digest.toHex()
  if (newest.number === version && same) return newest
  return refuse(
    'bundle-version-falls',
    newest.number === version
      ? `bundle ${name} has version ${version} with other contents already`
      : `bundle ${name} is at version ${newest.number}, this file is version ${version}`,
  )
}

/** The version of a bundle that is in force. */
export async function newestBundle(
  name: string,
  ledger: VendorPorts['ledger'],
): Promise<VendorBundleRecord | undefined> {
  const query = { by: 'name', equal: [name], descending: true, limit: 1 } as const
  return (await ledger.list('vendorBundle', query)).items[0]
}

function recordOf(
  { name, version, issued }: VendorBundle,
  digest: Uint8Array,
  certificates: number,
  actor: Actor,
  now: Temporal.Instant,
  ports: VendorPorts,
): VendorBundleRecord {
  return {
    ...{ id: newId('vendorBundle', ports), version: 1, name, number: version, issuedAt: issued },
    ...{ sha256: digest, certificates, importedBy: actor.id, importedAt: now },
  }
}

/** Every certificate of the bundle as a record; the first that is none of an authority refuses them all. */
function wantedRoots(
  bundle: VendorBundle,
  now: Temporal.Instant,
  ports: ImportingPorts,
): readonly VendorRoot[] | Refused {
  const wanted = new Map<string, VendorRoot>()
  for (const entry of bundle.entries) {
    const { vendor, kind, leniency, afterExpiry, because, source } = entry
    for (const role of ['root', 'intermediate'] as const) {
      for (const found of role === 'root' ? entry.roots : entry.intermediates) {
        const { certificate, oddities } = found
        const unfit = refuseUnfit(found, vendor, ports.keyLists)
        if (unfit !== undefined) return unfit
        const digest = sha256(certificate.der)
        if (wanted.has(digest.toHex()))
          return refuse('bundle-wrong', `${vendor}: ${nameOf(found)} stands in it twice`)
        wanted.set(digest.toHex(), {
          ...{
            id: newId('vendorRoot', ports),
            version: 1,
            bundle: bundle.name,
            vendor,
            kind,
            role,
          },
          ...{ certificate: certificate.der, certificateSha256: digest, subject: nameOf(found) },
          ...{ notAfter: certificate.notAfter, leniency, oddities, afterExpiry, because, source },
          ...{ state: 'active', addedAt: now, endedAt: null, endedBy: null },
        })
      }
    }
  }
  return [...wanted.values()]
}

function refuseUnfit(
  found: VendorCertificate,
  vendor: string,
  lists: KeyLists,
): Refused | undefined {
  const { extensions } = found.certificate
  const who = `${vendor}: ${nameOf(found)}`
  if (readExtension(extensions, 'basicConstraints')?.ca !== true)
    return refuse('bundle-wrong', `${who} is no authority: its basicConstraints do not say CA`)
  const keyUsage = readExtension(extensions, 'keyUsage')
  if (keyUsage !== undefined && !keyUsage.includes('keyCertSign'))
    return refuse('bundle-wrong', `${who} may not sign certificates: its keyUsage does not say so`)
  const anchor = anchorOf(found.certificate, lists)
  return anchor.kind === 'refused'
    ? refuse('bundle-wrong', `${who}: ${anchor.detail} (${anchor.reason})`)
    : undefined
}

function nameOf({ certificate }: VendorCertificate): string {
  return formatName(certificate.subject).slice(0, 256)
}

/** What is there of this bundle, by digest, and what a person removed from any. */
interface Standing {
  readonly known: ReadonlyMap<string, VendorRoot>
  readonly withdrawn: ReadonlySet<string>
}

/** What has to be written so that what is known becomes what is wanted. */
function compare(
  wanted: readonly VendorRoot[],
  { known, withdrawn }: Standing,
  now: Temporal.Instant,
  actor: Actor,
) {
  const changes: VendorChange[] = []
  const kept = new Set<string>()
  let unchanged = 0
  for (const root of wanted) {
    const digest = root.certificateSha256.toHex()
    const before = known.get(digest)
    kept.add(digest)
    if (withdrawn.has(digest)) changes.push({ what: 'withheld', root: before ?? root })
    else if (before === undefined) changes.push({ what: 'added', root })
    else if (before.state === 'active' && saysTheSame(before, root)) unchanged++
    else {
      const again = { ...root, id: before.id, version: before.version + 1 }
      changes.push({ what: before.state === 'active' ? 'changed' : 'added', root: again })
    }
  }
  for (const [digest, root] of known) {
    if (kept.has(digest) || root.state !== 'active') continue
    const dropped = { ...root, version: root.version + 1, state: 'dropped' as const }
    changes.push({ what: 'dropped', root: { ...dropped, endedAt: now, endedBy: actor.id } })
  }
  return { changes, unchanged }
}

function saysTheSame(left: VendorRoot, right: VendorRoot): boolean {
  const fields = ['vendor', 'kind', 'role', 'leniency', 'afterExpiry', 'because', 'source'] as const
  return fields.every((field) => left[field] === right[field])
}

function eventsOf(
  record: VendorBundleRecord,
  changes: readonly VendorChange[],
  actor: Actor,
): AuditEvent[] {
  const { name, number, importedAt: at } = record
  const of = (...what: readonly VendorChange['what'][]) =>
    changes.filter((change) => what.includes(change.what)).map(({ root }) => root.id)
  const [added, dropped, withheld] = [of('added', 'changed'), of('dropped'), of('withheld')]
  const several = (type: EventType, ids: readonly string[]): AuditEvent[] =>
    chunks(ids).map((subjects) => ({
      ...{ type, at, actor, subjects },
      facts: { bundle: name, number, count: subjects.length },
    }))
  return [
    {
      ...{ type: 'vendor-bundle-imported', at, actor, subjects: [record.id] },
      facts: {
        ...{ name, number, sha256: record.sha256.toHex(), certificates: record.certificates },
        ...{ added: added.length, dropped: dropped.length, withheld: withheld.length },
      },
    },
    ...several('vendor-roots-added', added),
    ...several('vendor-roots-dropped', dropped),
  ]
}

function chunks(ids: readonly string[]): readonly (readonly string[])[] {
  const parts: string[][] = []
  for (let start = 0; start < ids.length; start += mostSubjects)
    parts.push(ids.slice(start, start + mostSubjects))
  return parts
}
