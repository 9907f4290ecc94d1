// SPDX-License-Identifier: Apache-2.0
import type { Actor } from '#core/audit/event.ts'
import type { Finding } from '#core/scan/finding.ts'
import { type KeyOwner, ownersOfKeys } from '#core/scan/key-owners.ts'
import { findKnownKeys, fingerprintsToAsk } from '#core/scan/known-keys.ts'
import { recordScan } from '#core/scan/record-scan.ts'
import { makeReport, resultOf } from '#core/scan/report.ts'
import type { OutputOf } from '#format/admin/operations.ts'
import type { Core } from '../core.ts'
import { collect } from './collect.ts'

/** An image that is here. */
export interface ImageHere {
  readonly path: string
  /** As people call it: findings are told under this name. */
  readonly name: string
  readonly sha256: Uint8Array
  readonly octets: number
  readonly product: string | undefined
}

export interface ScanOrder {
  readonly image: ImageHere
  readonly signal: AbortSignal
  readonly actor: Actor
}

type Line = OutputOf<'scan.send'>

/** Looks into an image, tells what it found, and books it. */
export async function* scanImage(
  { image, signal, actor }: ScanOrder,
  core: Core,
): AsyncGenerator<Line> {
  const { path, name, sha256, octets, product } = image
  const startedAt = core.clock.now()
  const raw = await collect([path], {
    ...{ now: startedAt, signal, called: name, asksInventory: true, lists: core.keyLists },
  })
  const findings = [...raw.findings, ...(await knownIn(raw, core))].map(named(name))
  const { notScanned: unread, files } = raw
  const report = makeReport(
    {
      ...{ paths: [name], files, octets, notScanned: unread },
      ...{ startedAt, endedAt: core.clock.now() },
    },
    { findings, accepted: [], expired: [], unused: [] },
  )
  for (const finding of report.findings) yield { kind: 'finding', ...plain(finding) }
  for (const { path: place, offset, reason, because } of raw.notScanned)
    yield { kind: 'not-scanned', path: [name, ...place.slice(1)], offset, reason, because }
  const recorded = await recordScan(
    {
      ...{ name, product: product ?? null, sha256, octets, rules: report.rules },
      ...{ result: resultOf(report), found: report.findings.length, accepted: 0 },
      ...{ notScanned: raw.notScanned.length, findings: report.findings.map(plain) },
      ...{ startedAt, endedAt: report.endedAt, madeHere: true },
    },
    actor,
    core,
  )
  if (recorded.kind === 'refused') throw new Error(recorded.detail)
  const { id, result, found, notScanned } = recorded.scan
  yield { kind: 'done', scan: id, result, found, notScanned }
}

type Collected = Awaited<ReturnType<typeof collect>>

/** What the inventory knows of what was found. */
async function knownIn({ findings, rawKeys }: Collected, { ledger }: Core) {
  const fingerprints = fingerprintsToAsk(findings, rawKeys)
  const owners: KeyOwner[] = []
  // So many at a time: the ledger has others to answer, too.
  for (let at = 0; at < fingerprints.length; at += 256)
    owners.push(...(await ownersOfKeys(fingerprints.slice(at, at + 256), ledger)))
  return findKnownKeys(findings, rawKeys, owners.map(showOwner))
}

export function showOwner(owner: KeyOwner): OutputOf<'key.owners'>['known'][number] {
  const { fingerprint, key, name, purpose, certificates, inForce, devices, sharedWith } = owner
  return {
    ...{ fingerprint, key: key?.id ?? null, owner: owner.owner, ownerName: name },
    ...{ purpose, state: key?.state ?? 'active' },
    ...{ certificates, inForce, devices, sharedWith },
  }
}

/** Under the name that people gave, not that of a file of ours. */
function named(name: string) {
  return (finding: Finding): Finding => ({ ...finding, path: [name, ...finding.path.slice(1)] })
}

function plain({ rule, severity, confidence, path, offset, what, identity, key }: Finding) {
  return {
    ...{ rule, severity, confidence, path: path.map((step) => step.slice(0, 4_096)), offset },
    what: what.slice(0, 1_000),
    ...{ identity, key: key ?? null },
  }
}
