// SPDX-License-Identifier: Apache-2.0
import {
  parseVendorCertificate,
  type VendorCertificate,
} from '#format/tpm/endorsement-certificate.ts'
import type { VendorAnchor } from '#trust/tpm/vendor-path.ts'
import { anchorOf } from '#trust/trust-anchor.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { VendorRoot } from '../ledger/tables.ts'
import { generationOf } from './ports.ts'
import { activeRoots } from './roots-of.ts'

/** An anchor that knows its record. */
export interface KnownAnchor extends VendorAnchor {
  readonly root: VendorRoot
}

/** The makers of one kind of chip that are believed, ready to be asked. */
export interface VendorTrust {
  readonly anchors: readonly KnownAnchor[]
  readonly intermediates: readonly VendorCertificate[]
}

type VendorKind = VendorRoot['kind']

/**
 * The makers' authorities as they stand in the ledger, parsed once and remembered until one changes: here or on
 * another node, as the count of changes tells.
 */
export class VendorRegister {
  readonly #ledger: Ledger
  readonly #known = new Map<VendorKind, { generation: number; trust: VendorTrust }>()

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  async trustIn(kind: VendorKind): Promise<VendorTrust> {
    // Read first: what changes in between is then only read once more.
    const generation = (await generationOf(this.#ledger))?.version ?? 0
    const known = this.#known.get(kind)
    if (known?.generation === generation) return known.trust
    const trust = await readTrust(kind, this.#ledger)
    this.#known.set(kind, { generation, trust })
    return trust
  }
}

async function readTrust(kind: VendorKind, ledger: Ledger): Promise<VendorTrust> {
  const anchors: KnownAnchor[] = []
  const intermediates: VendorCertificate[] = []
  for await (const root of activeRoots(kind, ledger)) {
    const read = parseVendorCertificate(root.certificate, root.leniency)
    if (root.role === 'intermediate') {
      intermediates.push(read)
      continue
    }
    const made = anchorOf(read.certificate)
    // It was one when it was imported; a rule that was made stricter since ends it.
    if (made.kind === 'refused') continue
    const { afterExpiry, leniency } = root
    anchors.push({ ...made.anchor, odd: leniency !== 'none', afterExpiry, root })
  }
  return { anchors, intermediates }
}
