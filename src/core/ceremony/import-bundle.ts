// SPDX-License-Identifier: Apache-2.0
import { parseCertificate } from '#format/x509/certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import { sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import type { Actor, AuditEvent } from '../audit/event.ts'
import { keyIdentifier } from '../authority/draft.ts'
import { type InstallingPorts, planInstallation } from '../authority/plan-installation.ts'
import { newId } from '../ledger/ids.ts'
import type { Put } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { Authority, AuthorityRequest, CeremonyRecord } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import { planBrought } from '../revocation/bring-crl.ts'
import { type SoundBundle, type SoundRoot, verifyBundle } from './verify-bundle.ts'

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
  readonly links: number
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
  const unfit = refuseForeign(bundle, target) ?? (await refuseOutOfOrder(bundle, ports))
  if (unfit !== undefined) return unfit
  const roots = await planRoots(bundle, target, actor, ports)
  if ('reason' in roots) return roots
  const own = await planAuthorities(bundle, roots.all, target, actor, ports)
  if ('reason' in own) return own
  const lists = await planLists(bundle, roots.all, actor, ports)
  if ('reason' in lists) return lists
  const ceremony = recordOf(bytes, bundle, actor, ports)
  const refused = await settle(
    {
      puts: [...roots.puts, ...own.puts, ...lists.puts, { kind: 'ceremony', record: ceremony }],
      events: [
        ...roots.events,
        ...own.events,
        ...lists.events,
        eventOf(ceremony, bundle, roots.all, actor),
      ],
    },
    ports.ledger,
  )
  if (refused !== undefined) return refused
  const issuing = bundle.certificates.filter(({ kind }) => kind === 'issuing').length
  return {
    ...{ kind: 'imported', ceremony, changed: true, roots: [...roots.all.values()] },
    ...{ authorities: own.authorities, others: issuing - own.authorities.length },
    ...{ lists: lists.count, links: bundle.certificates.length - issuing },
  }
}

function again(ceremony: CeremonyRecord): ImportedBundle {
  return {
    ...{ kind: 'imported', ceremony, changed: false },
    ...{ roots: [], authorities: [], others: 0, lists: 0, links: 0 },
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

/** Each act names the one before it: what was left out, or rewritten, is noticed here. */
async function refuseOutOfOrder(
  { manifest: { vault, act, previousSha256 } }: SoundBundle,
  { ledger }: InstallingPorts,
): Promise<Refused | undefined> {
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
  if (before.transcriptSha256.toHex() === previousSha256) return undefined
  return refuse(
    'ceremony-out-of-order',
    `it follows another act ${act - 1} than the one that is here: its transcript does not go on from it`,
  )
}

interface Planned {
  readonly puts: readonly Put[]
  readonly events: readonly AuditEvent[]
}

/** Every root of the vault, without its key; those that are here already serve again. */
async function planRoots(
  { roots }: SoundBundle,
  { environment }: ImportTarget,
  actor: Actor,
  ports: InstallingPorts,
): Promise<(Planned & { readonly all: ReadonlyMap<string, Authority> }) | Refused> {
  const all = new Map<string, Authority>()
  const puts: Put[] = []
  const events: AuditEvent[] = []
  // A twin names the root that it stands beside: that one comes first.
  const ordered = roots.toSorted(
    (one, other) => Number(one.twinOf !== undefined) - Number(other.twinOf !== undefined),
  )
  for (const root of ordered) {
    const digest = sha256(root.certificate.der)
    const known = await ports.ledger.find('authority', 'certificate', [digest])
    if (known !== undefined && known.kind !== 'root') {
      return refuse(
        'exists-already',
        `root ${root.name} stands here as ${known.name}, which is foreign`,
      )
    }
    const record = known ?? (await newRoot(root, environment, all, ports))
    if ('reason' in record) return record
    all.set(root.name, record)
    if (known !== undefined) continue
    puts.push({ kind: 'authority', record })
    events.push({
      ...{ type: 'authority-installed', at: record.createdAt, actor, subjects: [record.id] },
      facts: { name: record.name, sha256: digest.toHex(), origin: 'ceremony' },
    })
  }
  return { all, puts, events }
}

async function newRoot(
  { name, certificate, publicKey, twinOf }: SoundRoot,
  environment: Authority['environment'],
  before: ReadonlyMap<string, Authority>,
  ports: InstallingPorts,
): Promise<Authority | Refused> {
  if ((await ports.ledger.find('authority', 'name', [name])) !== undefined)
    return refuse('exists-already', `another authority is named ${name} here`)
  const beside = twinOf === undefined ? null : before.get(twinOf)
  if (beside === undefined) return refuse('not-found', `root ${twinOf} is not in the bundle`)
  const { der, extensions, notAfter } = certificate
  const known = await ports.ledger.find('key', 'fingerprint', [publicKey.fingerprint])
  return {
    ...{ id: newId('authority', ports), version: 1, name, kind: 'root', environment },
    ...{ algorithm: publicKey.algorithm, parent: null, key: null, state: 'active' },
    ...{ certificate: der, certificateSha256: sha256(der) },
    subjectKeyIdentifier:
      readExtension(extensions, 'subjectKeyIdentifier') ?? keyIdentifier(publicKey.spki),
    ...{ notAfter, issueUntil: notAfter, successor: null, createdAt: ports.clock.now() },
    ...{ products: [], crlNumberFrom: null, origin: 'ceremony', twin: beside?.id ?? null },
    keyEverHere: known !== undefined,
  }
}

/** The authorities whose requests wait here; certificates for others are for others. */
async function planAuthorities(
  { certificates }: SoundBundle,
  roots: ReadonlyMap<string, Authority>,
  { environment }: ImportTarget,
  actor: Actor,
  ports: InstallingPorts,
): Promise<(Planned & { readonly authorities: readonly Authority[] }) | Refused> {
  const waiting = await waitingRequests(ports)
  const answered = certificates
    .flatMap((one) => {
      const request = waiting.get(one.requestSha256)
      return one.kind === 'issuing' && request !== undefined ? [{ ...one, request }] : []
    })
    .toSorted(
      (one, other) => Number(one.request.twin !== null) - Number(other.request.twin !== null),
    )
  const authorities: Authority[] = []
  const puts: Put[] = []
  const events: AuditEvent[] = []
  for (const { request, certificate, root: by } of answered) {
    const root = roots.get(by)
    const above = root && parseCertificate(root.certificate)
    if (above === undefined) return refuse('not-found', `root ${by} is not in the bundle`)
    const plan = await planInstallation(
      {
        ...{ request, chain: [certificate, above], environment },
        ...{ origin: 'ceremony', rootName: by },
      },
      actor,
      ports,
      [...roots.values(), ...authorities],
    )
    if (plan.kind === 'refused') return plan
    authorities.push(plan.authority)
    puts.push(...plan.puts)
    events.push(...plan.events)
  }
  return { authorities, puts, events }
}

async function waitingRequests({
  ledger,
}: InstallingPorts): Promise<ReadonlyMap<string, AuthorityRequest>> {
  const query = { by: 'state', equal: ['waiting'], limit: 1000 } as const
  const { items } = await ledger.list('authorityRequest', query)
  return new Map(items.map((one) => [one.requestSha256.toHex(), one]))
}

/** The newest lists; one that is older than what is served, or has ended, stays in the bundle alone. */
async function planLists(
  { lists }: SoundBundle,
  roots: ReadonlyMap<string, Authority>,
  actor: Actor,
  ports: InstallingPorts,
): Promise<(Planned & { readonly count: number }) | Refused> {
  const puts: Put[] = []
  const events: AuditEvent[] = []
  let count = 0
  for (const { root: by, crl } of lists) {
    const root = roots.get(by)
    if (root === undefined) return refuse('not-found', `root ${by} is not in the bundle`)
    const plan = await planBrought(crl.der, root, actor, ports)
    if (plan.kind === 'unchanged') continue
    if (plan.kind === 'refused') {
      if (plan.reason === 'crl-outdated') continue
      return plan
    }
    puts.push(...plan.puts)
    events.push(...plan.events)
    count++
  }
  return { puts, events, count }
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
