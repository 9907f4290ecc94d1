// SPDX-License-Identifier: Apache-2.0
/** What is booked of an element: itself, its keys, and for each the proof that it lives there. */
import type { Certificate } from '#format/x509/certificate.ts'
import { sha256 } from '#trust/digest.ts'
import type { PublicKey } from '#trust/public-key.ts'
import type { Actor, AuditEvent } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import type { Put } from '../ledger/ledger.ts'
import type { Attestation, Element } from '../ledger/tables.ts'
import { toldOf } from '../ledger/told-of-attestation.ts'
import type { ElementPorts } from './ports.ts'

/** What is said of an element before it has ever been seen. */
export interface NewElement {
  readonly uniqueId: string
  readonly product: string
  readonly source: Element['source']
  readonly model: string
  readonly partNumber: string
  readonly signerSha256: Uint8Array | null
  readonly vendorRoot: string | null
  /** The bytes that all this was judged by. */
  readonly evidence: Uint8Array
  readonly keys: readonly NewElementKey[]
}

export interface NewElementKey {
  readonly slot: string
  readonly publicKey: PublicKey
  readonly certificate: Certificate | undefined
  /** Whether a maker that is believed here vouches for it by a chain, and not the manifest's signer alone. */
  readonly vouched: boolean
}

/** The records of a new element, and its own among them. */
export function recordsOf(
  asked: NewElement,
  by: Actor,
  ports: ElementPorts,
): { readonly element: Element; readonly puts: readonly Put[]; readonly events: AuditEvent[] } {
  const { keys, evidence, ...said } = asked
  const now = ports.clock.now()
  const element: Element = {
    ...{ id: newId('element', ports), version: 1, ...said, device: null, state: 'known' },
    ...{ inDevice: null, addedAt: now, addedBy: by.id, boundAt: null, boundBy: null },
  }
  const evidenceSha256 = sha256(evidence)
  const evidenceId = newId('attestation', ports)
  const puts: Put[] = [
    { kind: 'element', record: element },
    { kind: 'evidence', record: { id: evidenceId, version: 1, bytes: evidence } },
  ]
  const events: AuditEvent[] = []
  for (const [index, key] of keys.entries()) {
    const { slot, publicKey, certificate, vouched } = key
    const { fingerprint } = publicKey
    const certificateSha256 = certificate === undefined ? null : sha256(certificate.der)
    const attestation: Attestation = {
      // One entry speaks of all keys: its bytes are kept once, by the first.
      ...{ id: index === 0 ? evidenceId : newId('attestation', ports), version: 1 },
      ...{ keyFingerprint: fingerprint, device: null, form: 'secure-element' },
      ...{ module: said.uniqueId, moduleCertificateSha256: certificateSha256, nonce: null },
      evidenceSha256,
      facts: {
        ...{ element: element.id, slot, source: said.source, model: said.model },
        ...{ signer: said.signerSha256?.toHex() ?? null, evidence: evidenceId },
        vendorRoot: vouched ? said.vendorRoot : null,
      },
      // A key that was made in an element stays in it: what was proved does not age.
      ...{ quote: 'none', at: now, until: null },
    }
    events.push({
      ...{ type: 'key-attested', at: now, actor: by, subjects: [attestation.id, element.id] },
      facts: toldOf(attestation),
    })
    puts.push(
      {
        kind: 'elementKey',
        record: {
          ...{ id: newId('elementKey', ports), version: 1, element: element.id, slot },
          ...{ fingerprint, certificateSha256 },
        },
      },
      { kind: 'attestation', record: attestation },
    )
  }
  return { element, puts, events }
}
