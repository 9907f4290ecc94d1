// SPDX-License-Identifier: Apache-2.0
import { parseBundle } from '#format/ceremony/bundle.ts'
import { parseManifest } from '#format/ceremony/manifest.ts'
import { sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import type { Actor, AuditEvent } from '../audit/event.ts'
import { checkMarks } from '../authority/environment-mark.ts'
import type { InstallingPorts } from '../authority/plan-installation.ts'
import { newId } from '../ledger/ids.ts'
import { settle } from '../ledger/settle.ts'
import type { Authority, CeremonyRecord } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import { planAuthorities, planLists, planRoots } from './plan-bundle.ts'
import { planLinks } from './plan-links.ts'
import { type SoundBundle, verifyBundle } from './verify-bundle.ts'

/** The installation that takes a ceremony's outcome. */
export interface ImportTarget {
  readonly environment: Authority['environment']
  /** Null: its certificates carry a local address. */
  readonly publicUrl: string | null
}

export interface ImportedBundle {
  readonly kind: 'imported'
  readonly ceremony: CeremonyRecord
  /** False if it was here already: then nothing was changed. */
  readonly changed: boolean
  readonly roots: readonly Authority[]
  /** Authorities whose certificates came with it. */
  readonly authorities: readonly Authority[]
  /** Certificates in it that answer requests of other servers, or were taken before. */
  readonly others: number
  readonly lists: number
  /** Links that lead devices from now on, those of earlier acts whose other root came only now among them. */
  readonly links: number
  /** Links in it whose other root is not here, or that no device would follow. */
  readonly linksLeft: number
}

/**
 * Takes the outcome of a ceremony, all of it in one commit or nothing: roots without their keys, authorities
 * whose requests this server made, the roots' lists, and the bundle itself with its transcript.
 *
 * It may be imported again: then nothing changes. A refusal is an event, too.
 */
export async function importBundle(
  bytes: Uint8Array,
  target: ImportTarget,
  actor: Actor,
  ports: InstallingPorts,
): Promise<ImportedBundle | Refused> {
  const taken = await takeBundle(bytes, target, actor, ports)
  if (taken.kind === 'imported') return taken
  await ports.ledger.commit({
    puts: [],
    events: [
      {
        ...{ type: 'ceremony-refused', at: ports.clock.now(), actor, subjects: [] },
        facts: { reason: taken.reason, detail: taken.detail, sha256: sha256(bytes).toHex() },
      },
    ],
  })
  return taken
}

async function takeBundle(
  bytes: Uint8Array,
  target: ImportTarget,
  actor: Actor,
  ports: InstallingPorts,
): Promise<ImportedBundle | Refused> {
  const known = await ports.ledger.find('ceremony', 'bundle', [sha256(bytes)])
  if (known !== undefined) return again(known)
  const bundle = await verifyBundle(bytes)
  if (bundle.kind === 'refused') return bundle
  const unfit =
    refuseForeign(bundle, target) ?? refuseMarked(bundle) ?? (await refuseOutOfOrder(bundle, ports))
  if (unfit !== undefined) return unfit
  const roots = await planRoots(bundle, target, actor, ports)
  if ('reason' in roots) return roots
  const own = await planAuthorities(bundle, roots.all, target, actor, ports)
  if ('reason' in own) return own
  const lists = await planLists(bundle, roots.all, actor, ports)
  if ('reason' in lists) return lists
  const links = await planLinks(bundle, roots.fresh, actor, ports)
  const ceremony = recordOf(bytes, bundle, actor, ports)
  const incidents = incidentsOf(ceremony, bundle, actor)
  const told = eventOf(ceremony, bundle, roots.all, actor)
  const refused = await settle(
    {
      puts: [...links.puts, ...own.puts, ...lists.puts, { kind: 'ceremony', record: ceremony }],
      events: [
        ...roots.events,
        ...own.events,
        ...lists.events,
        ...links.events,
        told,
        ...incidents,
      ],
    },
    ports.ledger,
  )
  if (refused !== undefined) return refused
  const issuing = bundle.certificates.filter(({ kind }) => kind === 'issuing').length
  return {
    ...{ kind: 'imported', ceremony, changed: true, roots: [...roots.all.values()] },
    ...{ authorities: own.authorities, others: issuing - own.authorities.length },
    ...{ lists: lists.count, links: links.count, linksLeft: links.left },
  }
}

function again(ceremony: CeremonyRecord): ImportedBundle {
  return {
    ...{ kind: 'imported', ceremony, changed: false },
    ...{ roots: [], authorities: [], others: 0, lists: 0, links: 0, linksLeft: 0 },
  }
}

/** A rehearsal is a trial, and a trial becomes nothing else. */
function refuseForeign(
  { manifest: { environment, rehearsal, publicUrl } }: SoundBundle,
  target: ImportTarget,
): Refused | undefined {
  if (environment !== target.environment) {
    const what = rehearsal ? 'a rehearsal' : `a ceremony for ${environment}`
    return refuse(
      'environment-wrong',
      `this is ${what}, and the installation is a ${target.environment} one`,
    )
  }
  if (target.publicUrl === publicUrl) return undefined
  if (target.publicUrl === null && environment === 'trial') return undefined
  return refuse(
    'environment-wrong',
    `its certificates point to ${publicUrl}, this installation is ${target.publicUrl ?? 'without a public address'}`,
  )
}

/** What it calls itself is one thing; a name that says TRIAL or REHEARSAL says it for decades. */
function refuseMarked({ manifest, roots, certificates }: SoundBundle): Refused | undefined {
  const all = [...roots, ...certificates].map(({ certificate }) => certificate)
  return checkMarks(all, manifest.environment)
}

/** Each act names the one before it: what was left out, rewritten or forged is noticed here. */
async function refuseOutOfOrder(
  bundle: SoundBundle,
  { ledger }: InstallingPorts,
): Promise<Refused | undefined> {
  const { vault, act, previousSha256 } = bundle.manifest
  if ((await ledger.find('ceremony', 'act', [vault, act])) !== undefined) {
    return refuse(
      'ceremony-out-of-order',
      `another bundle of act ${act} of this vault is here; only one of them happened`,
    )
  }
  if (act === 1) return undefined
  const before = await ledger.find('ceremony', 'act', [vault, act - 1])
  if (before === undefined) {
    return refuse('ceremony-out-of-order', `this is act ${act}; import act ${act - 1} first`)
  }
  if (before.transcriptSha256.toHex() !== previousSha256) {
    return refuse(
      'ceremony-out-of-order',
      `it follows another act ${act - 1} than the one that is here: its transcript does not go on from it`,
    )
  }
  return refuseUnsigned(bundle, before)
}

/** Anybody can write the number of a vault; only who has the shares signs with the roots that it had before. */
function refuseUnsigned({ manifest, roots }: SoundBundle, before: CeremonyRecord) {
  const signed = new Set(roots.map(({ certificate }) => sha256(certificate.der).toHex()))
  const { roots: had } = parseManifest(parseBundle(before.bundle).manifest)
  const missing = had.find((root) => !signed.has(root.sha256))
  return (
    missing &&
    refuse(
      'signature-wrong',
      `root ${missing.name} of vault ${manifest.vault} did not sign it: it is of somebody else`,
    )
  )
}

function recordOf(
  bytes: Uint8Array,
  { manifest, sha256: bundleSha256 }: SoundBundle,
  actor: Actor,
  ports: InstallingPorts,
): CeremonyRecord {
  const { vault, act, title, environment, scriptSha256, transcriptSha256, previousSha256 } =
    manifest
  return {
    ...{ id: newId('ceremony', ports), version: 1, vault, act, title, environment },
    ...{ bundleSha256, scriptSha256: Uint8Array.fromHex(scriptSha256) },
    transcriptSha256: Uint8Array.fromHex(transcriptSha256),
    previousSha256: previousSha256 === '' ? null : Uint8Array.fromHex(previousSha256),
    ...{ heldAt: Temporal.Instant.from(manifest.heldAt), bundle: bytes },
    ...{ importedBy: actor.id, importedAt: ports.clock.now() },
  }
}

function eventOf(
  ceremony: CeremonyRecord,
  { manifestSha256, manifest: { rehearsal } }: SoundBundle,
  roots: ReadonlyMap<string, Authority>,
  actor: Actor,
): AuditEvent {
  return {
    ...{ type: 'ceremony-imported', at: ceremony.importedAt, actor },
    subjects: [ceremony.id, ...[...roots.values()].map(({ id }) => id)],
    facts: {
      ...{ vault: ceremony.vault, act: ceremony.act, title: ceremony.title, rehearsal },
      ...{ bundleSha256: ceremony.bundleSha256.toHex(), manifestSha256 },
      scriptSha256: ceremony.scriptSha256.toHex(),
      transcriptSha256: ceremony.transcriptSha256.toHex(),
      previousSha256: ceremony.previousSha256?.toHex() ?? null,
    },
  }
}

/** What was refused or stopped on the way, in attempts before it, too: the log of a machine without network. */
function incidentsOf(
  { id, importedAt, vault, act }: CeremonyRecord,
  { entries, stopped }: SoundBundle,
  actor: Actor,
): readonly AuditEvent[] {
  return [...stopped.flat(), ...entries]
    .filter(({ what }) => what === 'refused' || what === 'stopped')
    .map(({ at, step, what, by, facts }) => ({
      ...{ type: 'ceremony-incident', at: importedAt, actor, subjects: [id] },
      facts: {
        ...{ vault, act, toldAt: at, step, what },
        ...{ reason: String(facts.reason ?? ''), detail: String(facts.detail ?? '') },
        by: by.map(({ role, name }) => `${name} (${role})`).join(', '),
      },
    }))
}
