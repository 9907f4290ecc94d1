// SPDX-License-Identifier: Apache-2.0
import type { VendorBundleRecord, VendorRoot } from '#core/ledger/tables.ts'
import type { Refused } from '#core/refusal.ts'
import { type BundleImported, importBundle } from '#core/vendors/import-bundle.ts'
import { withdrawRoot } from '#core/vendors/withdraw-root.ts'
import type { OutputOf } from '#format/admin/operations.ts'
import {
  parseVendorBundle,
  type VendorBundle,
  vendorBundleLimits,
} from '#format/admin/vendor-bundle.ts'
import { concatBytes } from '#format/bytes.ts'
import { FormatError } from '#format/format-error.ts'
import { sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import type { Verbs } from '../verbs.ts'
import type { LedgerVerbPorts } from './ports.ts'
import { pageOf } from './queries.ts'
import { checkVersion, notFound } from './record.ts'

type VendorVerbs = Pick<
  Verbs,
  'vendor-root.bundles' | 'vendor-root.import' | 'vendor-root.list' | 'vendor-root.remove'
>

/** Whose chips are believed. */
export function vendorVerbs(ports: LedgerVerbPorts): VendorVerbs {
  const { ledger } = ports
  return {
    'vendor-root.import': async ({ sha256: named }, { body, caller }) => {
      const bytes = await readWhole(body)
      if ('kind' in bytes) return bytes
      const digest = sha256(bytes)
      if (digest.toHex() !== named.toLowerCase())
        return refuse(
          'bundle-digest-differs',
          `the file has the SHA-256 ${digest.toHex()}, you named ${named.toLowerCase()}`,
        )
      const read = readBundle(bytes)
      if (read.kind === 'refused') return read
      const imported = await importBundle(read.bundle, digest, caller.actor, ports)
      return imported.kind === 'refused' ? imported : linesOf(imported)
    },

    'vendor-root.list': async ({ state, bundle, ...paging }) => {
      const walk =
        bundle === undefined
          ? ({ by: 'state', equal: [state] } as const)
          : ({ by: 'bundle', equal: [bundle, state] } as const)
      const page = await ledger.list('vendorRoot', { ...walk, ...pageOf(paging) })
      return { items: page.items.map(showRoot), next: page.next }
    },

    'vendor-root.bundles': async (paging) => {
      const page = await ledger.list('vendorBundle', { descending: true, ...pageOf(paging) })
      return { items: page.items.map(showBundle), next: page.next }
    },

    'vendor-root.remove': async ({ anchor: id, because }, call) => {
      const root = await ledger.read('vendorRoot', id)
      if (root === undefined) return notFound(id)
      const differs = checkVersion(root, call)
      if (differs !== undefined) return differs
      const withdrawn = await withdrawRoot(root, because, call.caller.actor, ports)
      return withdrawn.kind === 'refused' ? withdrawn : showRoot(withdrawn.root)
    },
  }
}

async function readWhole(body: AsyncIterable<Uint8Array>): Promise<Uint8Array | Refused> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of body) {
    bytes += part.length
    if (bytes > vendorBundleLimits.bytes)
      return refuse('bundle-wrong', `a bundle has ${vendorBundleLimits.bytes} bytes at most`)
    parts.push(part)
  }
  return concatBytes(parts)
}

function readBundle(
  bytes: Uint8Array,
): { readonly kind: 'read'; readonly bundle: VendorBundle } | Refused {
  try {
    return { kind: 'read', bundle: parseVendorBundle(bytes) }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('bundle-wrong', error.message)
  }
}

async function* linesOf({
  bundle,
  changes,
  unchanged,
}: BundleImported & { kind: 'imported' }): AsyncGenerator<OutputOf<'vendor-root.import'>> {
  const counts = { added: 0, changed: 0, dropped: 0, withheld: 0 }
  for (const { what, root } of changes) {
    counts[what]++
    const { vendor, role, subject, notAfter, sha256: digest, oddities } = showRoot(root)
    const shown = { vendor, role, subject, notAfter, sha256: digest, oddities }
    yield { kind: 'change', what, ...shown }
  }
  const { name, number } = bundle
  yield { kind: 'done', name, number, sha256: bundle.sha256.toHex(), ...counts, unchanged }
}

function showRoot(root: VendorRoot): OutputOf<'vendor-root.remove'> {
  return {
    ...root,
    sha256: root.certificateSha256.toHex(),
    oddities: [...root.oddities],
    notAfter: root.notAfter.toString(),
    addedAt: root.addedAt.toString(),
    endedAt: root.endedAt?.toString() ?? null,
  }
}

function showBundle(bundle: VendorBundleRecord): OutputOf<'vendor-root.bundles'> {
  return {
    ...bundle,
    sha256: bundle.sha256.toHex(),
    issuedAt: bundle.issuedAt.toString(),
    importedAt: bundle.importedAt.toString(),
  }
}
