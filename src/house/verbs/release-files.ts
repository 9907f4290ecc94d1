// SPDX-License-Identifier: Apache-2.0
/** What is done with the octets of a release: look into them, list what their papers leave out, find one by its name. */
import type { Actor } from '#core/audit/event.ts'
import { Fault } from '#core/fault.ts'
import type { Release, ScanRecord } from '#core/ledger/tables.ts'
import type { Refused } from '#core/refusal.ts'
import { scanOf } from '#core/releases/manifest-of.ts'
import { partsOf } from '#core/releases/parts-of.ts'
import { refuseOtherOctets } from '#core/releases/prove-octets.ts'
import { signedArtefactsOf } from '#core/releases/publish.ts'
import { readDocument } from '#core/releases/read-document.ts'
import { openSigned } from '#core/releases/signed-octets.ts'
import type { OctetsAnswer } from '#edge/admin/verbs.ts'
import { scanFinding } from '#format/admin/operations/scans.ts'
import type { OutputOf } from '#format/admin/operations.ts'
import { gapsOf } from '#format/sbom/gaps.ts'
import { parseSbom } from '#format/sbom/parse-sbom.ts'
import { refuse } from '#trust/refusal.ts'
import type { Core } from '../core.ts'
import { scanImage } from '../scan/scan-image.ts'
import { openOctets } from './artefacts.ts'

/** What the SBOMs of a release leave out, component by component. */
export async function* gapLines(
  release: Release,
  core: Core,
): AsyncGenerator<OutputOf<'release.gaps'>> {
  for (const part of await partsOf(release.id, core.ledger)) {
    if (part.role !== 'sbom') continue
    const bytes = await readDocument(part, core)
    if ('kind' in bytes) continue
    for (const { component, missing } of gapsOf(parseSbom(bytes)))
      yield {
        ...{ sbom: part.name, component: component?.name ?? null },
        ...{ componentVersion: component?.version ?? null, missing: [...missing] },
      }
  }
}

interface ScanAsked {
  readonly release: Release
  readonly again: boolean
  readonly signal: AbortSignal
  readonly actor: Actor
}

/** What is found is booked under the digest: it has to be that of what was looked into. */
async function proveKept(
  sha256: Uint8Array,
  name: string,
  { artefacts }: Pick<Core, 'artefacts'>,
): Promise<void> {
  const opened = await artefacts.open(sha256)
  if (opened === undefined) return
  try {
    const other = await refuseOtherOctets(opened, sha256, name)
    if (other !== undefined) throw new Fault('store-unreachable', other.detail)
  } finally {
    await opened.close()
  }
}

/** Scans artefact after artefact as they are kept here; of those that were scanned before, tells what was found then. */
export async function* scanLines(
  { release, again, signal, actor }: ScanAsked,
  core: Core,
): AsyncGenerator<OutputOf<'release.scan'>> {
  for (const { role, name, sha256, octets } of await partsOf(release.id, core.ledger)) {
    if (role !== 'artefact' || signal.aborted) continue
    const before = again ? undefined : await scanOf(sha256, core.ledger)
    if (before?.madeHere === true) {
      yield { kind: 'artefact', name, sha256: sha256.toHex() }
      yield* toldBefore(before)
      continue
    }
    const file = await core.artefacts.file(sha256)
    if (file === undefined) continue
    await proveKept(sha256, name, core)
    yield { kind: 'artefact', name, sha256: sha256.toHex() }
    try {
      const image = { path: file.path, name, sha256, octets, product: release.product }
      yield* scanImage({ image, signal, actor }, core)
    } finally {
      await file.close()
    }
  }
}

function* toldBefore(scan: ScanRecord): Generator<OutputOf<'release.scan'>> {
  for (const finding of scan.findings) yield { kind: 'finding', ...scanFinding.parse(finding) }
  const { result, found, notScanned } = scan
  yield { kind: 'done', scan: scan.id, result, found, notScanned }
}

/** A file of a release by its name, on its way out: what came out of its signing, or what was attached. */
export async function openNamed(
  release: Release,
  name: string,
  { ledger, artefacts }: Core,
): Promise<OctetsAnswer | Refused> {
  const signed = (await signedArtefactsOf(release.id, ledger)).find((one) => one.name === name)
  if (signed !== undefined)
    return openOctets(signed.sha256, name, () => openSigned(signed, artefacts))
  const parts = await partsOf(release.id, ledger)
  const part = parts.find((one) => one.role !== 'test' && one.name === name)
  return part === undefined
    ? refuse('not-found', `${release.id} has no file named ${name}`)
    : openOctets(part.sha256, name, () => artefacts.open(part.sha256))
}
