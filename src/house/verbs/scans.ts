// SPDX-License-Identifier: Apache-2.0

import type { Actor } from '#core/audit/event.ts'
import type { ScanRecord } from '#core/ledger/tables.ts'
import type { Finding } from '#core/scan/finding.ts'
import { type KeyOwner, ownersOfKeys } from '#core/scan/key-owners.ts'
import { findKnownKeys, fingerprintsToAsk } from '#core/scan/known-keys.ts'
import { recordScan } from '#core/scan/record-scan.ts'
import { makeReport, resultOf } from '#core/scan/report.ts'
import { pageOf } from '#edge/admin/ledger-verbs/queries.ts'
import { notFound } from '#edge/admin/ledger-verbs/record.ts'
import type { Verbs } from '#edge/admin/verbs.ts'
import { scanFinding } from '#format/admin/operations/scans.ts'
import type { InputOf, OutputOf } from '#format/admin/operations.ts'
import { refuse } from '#trust/refusal.ts'
import type { Core } from '../core.ts'
import { collect } from '../scan/collect.ts'
import { receiveImage } from '../scan/received-image.ts'

type ScanVerbs = Pick<Verbs, 'key.owners' | 'scan.list' | 'scan.record' | 'scan.send' | 'scan.show'>
type Line = OutputOf<'scan.send'>

/** Scans: those that were made elsewhere, and those of images that are sent here. */
export function scanVerbs(core: Core): ScanVerbs {
  const { ledger } = core
  const desk = { isBusy: false }
  return {
    'key.owners': async ({ fingerprints }) => ({
      known: (await ownersOfKeys(fingerprints, ledger)).map(showOwner),
    }),

    'scan.list': async (asked) => {
      const { product, sha256, result } = asked
      const walk =
        sha256 !== undefined
          ? ({ by: 'sha256', equal: [Uint8Array.fromHex(sha256)] } as const)
          : product !== undefined
            ? ({ by: 'product', equal: [product], descending: true } as const)
            : ({ by: 'started', descending: true } as const)
      const { items, next } = await ledger.list('scan', {
        ...{
          ...walk,
          where: { ...(product && { product }), ...(result && { result }) },
          ...pageOf(asked),
        },
      })
      return { items: items.map(showScan), next }
    },

    'scan.show': async ({ scan: id }) => {
      const scan = await ledger.read('scan', id)
      return scan === undefined ? notFound(id) : showWhole(scan)
    },

    'scan.record': async (asked, { caller }) => {
      const { sha256, product = null, startedAt, endedAt, ...rest } = asked
      const recorded = await recordScan(
        {
          ...{ ...rest, product, sha256: Uint8Array.fromHex(sha256) },
          startedAt: Temporal.Instant.from(startedAt),
          endedAt: Temporal.Instant.from(endedAt),
          madeHere: false,
        },
        caller.actor,
        core,
      )
      return recorded.kind === 'refused' ? recorded : showScan(recorded.scan)
    },

    'scan.send': async (asked, { body, caller, signal }) => {
      const { product } = asked
      if (product !== undefined && (await ledger.read('product', product)) === undefined)
        return notFound(product)
      if (desk.isBusy) return refuse('busy', 'another image is being scanned here')
      return linesOf(asked, { body, signal, actor: caller.actor, core, desk })
    },
  }
}

type Collected = Awaited<ReturnType<typeof collect>>

interface Sent {
  readonly body: AsyncIterable<Uint8Array>
  readonly signal: AbortSignal
  readonly actor: Actor
  readonly core: Core
  readonly desk: { isBusy: boolean }
}

async function* linesOf(
  { name, product }: InputOf<'scan.send'>,
  { body, signal, actor, core, desk }: Sent,
): AsyncGenerator<Line> {
  desk.isBusy = true
  try {
    const image = await receiveImage(body, name)
    try {
      yield { kind: 'received', octets: image.octets }
      const startedAt = core.clock.now()
      const raw = await collect([image.path], {
        ...{ now: startedAt, signal, called: name, asksInventory: true, lists: core.keyLists },
      })
      const findings = [...raw.findings, ...(await knownIn(raw, core))].map(named(name))
      const { notScanned: unread, files } = raw
      const scan = { paths: [name], files, octets: image.octets, notScanned: unread }
      const report = makeReport(
        { ...scan, startedAt, endedAt: core.clock.now() },
        { findings, accepted: [], expired: [], unused: [] },
      )
      for (const finding of report.findings) yield { kind: 'finding', ...plain(finding) }
      for (const { path, offset, reason, because } of raw.notScanned)
        yield { kind: 'not-scanned', path: [name, ...path.slice(1)], offset, reason, because }
      const recorded = await recordScan(
        {
          ...{
            name,
            product: product ?? null,
            sha256: image.sha256,
            octets: image.octets,
            rules: report.rules,
          },
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
    } finally {
      image.remove()
    }
  } finally {
    desk.isBusy = false
  }
}

/** What the inventory knows of what was found. */
async function knownIn({ findings, rawKeys }: Collected, { ledger }: Core) {
  const fingerprints = fingerprintsToAsk(findings, rawKeys)
  const owners: KeyOwner[] = []
  // So many at a time: the ledger has others to answer, too.
  for (let at = 0; at < fingerprints.length; at += 256)
    owners.push(...(await ownersOfKeys(fingerprints.slice(at, at + 256), ledger)))
  return findKnownKeys(findings, rawKeys, owners.map(showOwner))
}

function showOwner(owner: KeyOwner): OutputOf<'key.owners'>['known'][number] {
  const { fingerprint, key, name, purpose, certificates, inForce, devices, sharedWith } = owner
  return {
    ...{ fingerprint, key: key?.id ?? null, owner: owner.owner, ownerName: name },
    ...{ purpose, state: key?.state ?? 'active' },
    ...{ certificates, inForce, devices, sharedWith },
  }
}

/** Under the name that the sender gave, not that of a file of ours. */
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

function showScan(scan: ScanRecord): OutputOf<'scan.list'> {
  const { id, name, sha256, octets, product, rules, result, found, accepted, notScanned } = scan
  return {
    ...{ id, name, sha256: sha256.toHex(), octets, product, rules, result, found, accepted },
    ...{ notScanned, requestedBy: scan.requestedBy },
    ...{ startedAt: scan.startedAt.toString(), endedAt: scan.endedAt.toString() },
  }
}

function showWhole(scan: ScanRecord): OutputOf<'scan.show'> {
  return { ...showScan(scan), findings: scan.findings.map((one) => scanFinding.parse(one)) }
}
