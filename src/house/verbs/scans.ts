// SPDX-License-Identifier: Apache-2.0

import type { Actor } from '#core/audit/event.ts'
import type { ScanRecord } from '#core/ledger/tables.ts'
import { ownersOfKeys } from '#core/scan/key-owners.ts'
import { recordScan } from '#core/scan/record-scan.ts'
import { pageOf } from '#edge/admin/ledger-verbs/queries.ts'
import { notFound } from '#edge/admin/ledger-verbs/record.ts'
import type { Verbs } from '#edge/admin/verbs.ts'
import { scanFinding } from '#format/admin/operations/scans.ts'
import type { InputOf, OutputOf } from '#format/admin/operations.ts'
import { refuse } from '#trust/refusal.ts'
import type { Core } from '../core.ts'
import { receiveImage } from '../scan/received-image.ts'
import type { ScanDesk } from '../scan/scan-desk.ts'
import { scanImage, showOwner } from '../scan/scan-image.ts'

type ScanVerbs = Pick<Verbs, 'key.owners' | 'scan.list' | 'scan.record' | 'scan.send' | 'scan.show'>

/** Scans: those that were made elsewhere, and those of images that are sent here. */
export function scanVerbs(core: Core, desk: ScanDesk): ScanVerbs {
  const { ledger } = core
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
      return desk.lines(() => linesOf(asked, { body, signal, actor: caller.actor, core }))
    },
  }
}

async function* linesOf(
  { name, product }: InputOf<'scan.send'>,
  { body, signal, actor, core }: Sent,
): AsyncGenerator<OutputOf<'scan.send'>> {
  const image = await receiveImage(body, name)
  try {
    yield { kind: 'received', octets: image.octets }
    yield* scanImage({ image: { ...image, name, product }, signal, actor }, core)
  } finally {
    image.remove()
  }
}

interface Sent {
  readonly body: AsyncIterable<Uint8Array>
  readonly signal: AbortSignal
  readonly actor: Actor
  readonly core: Core
}

function showScan(scan: ScanRecord): OutputOf<'scan.list'> {
  const { id, name, sha256, octets, product, rules, result, found, accepted, notScanned } = scan
  return {
    ...{ id, name, sha256: sha256.toHex(), octets, product, rules, result, found, accepted },
    ...{ notScanned, requestedBy: scan.requestedBy },
    ...{ startedAt: scan.startedAt.toString(), endedAt: scan.endedAt.toString() },
  }
}

async function showWhole(scan: ScanRecord): Promise<OutputOf<'scan.show'>> {
  const findings = scan.findings.map((one) => scanFinding.parse(one))
  return { ...showScan(scan), findings, meanings: await meaningsOf(findings) }
}

/** What was found by a rule that this program does not know, as another node's that is newer, has none. */
async function meaningsOf(findings: OutputOf<'scan.show'>['findings']) {
  // Only who looks at a scan needs the texts.
  const { rules } = await import('#trust/secrets/rules.ts')
  const found = new Set(findings.map(({ rule }) => rule))
  return Object.entries(rules)
    .filter(([rule]) => found.has(rule))
    .map(([rule, { why, todo }]) => ({ rule, why, todo }))
}
