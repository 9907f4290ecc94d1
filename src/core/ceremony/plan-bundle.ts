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
import type { Authority, AuthorityRequest } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import { planBrought } from '../revocation/bring-crl.ts'
import type { SoundBundle, SoundRoot } from './verify-bundle.ts'

/** A part of the change that an import commits. */
export interface Planned {
  readonly puts: readonly Put[]
  readonly events: readonly AuditEvent[]
}

export interface PlannedRoots {
  /** By their names in the bundle, those that are here already among them. */
  readonly all: ReadonlyMap<string, Authority>
  /** Those that are new here, to be put. */
  readonly fresh: readonly Authority[]
  readonly events: readonly AuditEvent[]
}

/** Every root of the vault, without its key; those that are here already serve again. */
export async function planRoots(
  { roots }: SoundBundle,
  { environment }: Pick<Authority, 'environment'>,
  actor: Actor,
  ports: InstallingPorts,
): Promise<PlannedRoots | Refused> {
  const all = new Map<string, Authority>()
  const fresh: Authority[] = []
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
    fresh.push(record)
    events.push({
      ...{ type: 'authority-installed', at: record.createdAt, actor, subjects: [record.id] },
      facts: { name: record.name, sha256: digest.toHex(), origin: 'ceremony' },
    })
  }
  return { all, fresh, events }
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
export async function planAuthorities(
  { certificates }: SoundBundle,
  roots: ReadonlyMap<string, Authority>,
  { environment }: Pick<Authority, 'environment'>,
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
export async function planLists(
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
