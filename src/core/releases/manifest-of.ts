// SPDX-License-Identifier: Apache-2.0
import type { ManifestScan, ReleaseManifest } from '#format/release/manifest.ts'
import type { ManifestSigning } from '#format/release/manifest-signing.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Release, ReleasePart, ScanRecord } from '../ledger/tables.ts'
import { scansThatCount } from '../scan/scans-that-count.ts'

/** What a release is, for the text that people approve. The product of the release is known. */
export async function manifestOf(
  release: Release,
  parts: readonly ReleasePart[],
  signing: ManifestSigning,
  ledger: Ledger,
): Promise<ReleaseManifest> {
  const product = await ledger.read('product', release.product)
  if (product === undefined) throw new TypeError(`${release.id} is of no product`)
  const { firmwareVersion: version, securityVersion, kind, channel, environment } = release
  const artefacts = parts.filter(({ role }) => role === 'artefact')
  const scans = new Map<string, ManifestScan>()
  for (const { sha256 } of artefacts) {
    const scan = await scanOf(sha256, ledger)
    if (scan !== undefined) {
      const { id, rules, result } = scan
      scans.set(sha256.toHex(), { id, sha256: sha256.toHex(), rules, result })
    }
  }
  return {
    ...{ release: release.id, product: { id: product.id, name: product.name }, version },
    ...{ securityVersion, kind, channel, environment, revision: release.revision },
    supportUntil: release.supportUntil?.round('second').toString() ?? null,
    artefacts: artefacts.map(fileOf),
    attachments: parts.flatMap((part) =>
      part.role === 'artefact' || part.role === 'test'
        ? []
        : [{ ...fileOf(part), role: part.role }],
    ),
    tests: parts.filter(({ role }) => role === 'test').map(testOf),
    scans: [...scans.values()],
    signing,
  }
}

/**
 * The scan of octets that counts: the newest that was made here, since what was noted is the word of who noted
 * it; without any such the newest of these.
 */
export async function scanOf(sha256: Uint8Array, ledger: Ledger): Promise<ScanRecord | undefined> {
  const scans = await scansThatCount(sha256, ledger)
  return scans.find(({ madeHere }) => madeHere === true) ?? scans[0]
}

function fileOf({ name, octets, sha256 }: ReleasePart) {
  return { name, octets, sha256: sha256.toHex() }
}

function testOf({ name, sha256, facts }: ReleasePart) {
  const outcome = facts['outcome'] === 'passed' ? ('passed' as const) : ('failed' as const)
  return { name, uri: String(facts['uri']), sha256: sha256.toHex(), outcome }
}
