// SPDX-License-Identifier: Apache-2.0
import type { Certificate } from '#format/x509/certificate.ts'
import type { ElementKey, GenuineElement } from '#trust/element/verify-element.ts'
import { refuse } from '#trust/refusal.ts'
import type { Actor, AuditEvent } from '../audit/event.ts'
import { Importing, type ImportNews, importInBatches, type WrongRow } from '../importing.ts'
import type { Put } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { Element, Product } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import { keysOf } from './find-element.ts'
import type { VouchingPorts } from './ports.ts'
import { type NewElementKey, recordsOf } from './records.ts'
import { vouchForElement } from './vouch.ts'

/** One entry of a manifest: what its signer vouches for. */
export interface ManifestRow {
  readonly kind: 'element'
  readonly row: number
  readonly genuine: GenuineElement
  /** The entry as it came: it is kept as the evidence. */
  readonly evidence: Uint8Array
}

export interface Manifest {
  readonly product: Product
  /** SHA-256 of the signer's certificate. */
  readonly signerSha256: Uint8Array
  /** Whether an element counts only if a maker's imported root vouches for one of its keys, too. */
  readonly demandsMaker: boolean
}

/** Elements in one commit: each has some six records and its entry of 5 kB. */
const batchSize = 50

/** Makes the elements of a signed manifest known. An element that is here with the same keys is left as it is. */
export function importElements(
  rows: AsyncIterable<ManifestRow | WrongRow>,
  manifest: Manifest,
  actor: Actor,
  ports: VouchingPorts,
): AsyncGenerator<ImportNews> {
  const remedy = 'is this the manifest of that signer?'
  return importInBatches(rows, new ElementImport(manifest, actor, ports), { batchSize, remedy })
}

class ElementImport extends Importing<ManifestRow> {
  readonly #manifest: Manifest
  readonly #actor: Actor
  readonly #ports: VouchingPorts

  constructor(manifest: Manifest, actor: Actor, ports: VouchingPorts) {
    super()
    this.#manifest = manifest
    this.#actor = actor
    this.#ports = ports
  }

  async *book(rows: readonly ManifestRow[]): AsyncGenerator<ImportNews> {
    const fresh = new Map<string, ManifestRow>()
    for (const row of rows) {
      const standing = await this.#standingOf(row, fresh)
      if (standing === 'new') fresh.set(row.genuine.element.uniqueId, row)
      else if (standing === 'same') this.unchanged++
      else yield this.refuse(row.row, standing)
    }
    if (fresh.size > 0) yield* this.#commit([...fresh.values()])
  }

  /** Whether an element is new, here as it is said to be, or neither. */
  async #standingOf(
    { genuine: { element, keys } }: ManifestRow,
    fresh: ReadonlyMap<string, ManifestRow>,
  ): Promise<'new' | 'same' | Refused> {
    const { ledger } = this.#ports
    const { uniqueId } = element
    const batched = fresh.get(uniqueId)
    if (batched !== undefined)
      return sameKeys(keys, batched.genuine.keys.map(fingerprintOf)) ? 'same' : differs(uniqueId)
    const known = await ledger.find('element', 'uniqueId', [uniqueId])
    if (known !== undefined) return this.#compare(known, keys)
    const others = new Set(
      [...fresh.values()].flatMap(({ genuine }) => genuine.keys.map(fingerprintOf)),
    )
    for (const key of keys) {
      const fingerprint = fingerprintOf(key)
      if (
        others.has(fingerprint) ||
        (await ledger.find('elementKey', 'fingerprint', [key.publicKey.fingerprint])) !== undefined
      )
        return refuse(
          'key-has-another-owner',
          `key ${key.slot} of element ${uniqueId} is that of another element`,
        )
    }
    return 'new'
  }

  async #compare(known: Element, keys: readonly ElementKey[]): Promise<'same' | Refused> {
    if (known.product !== this.#manifest.product.id)
      return refuse(
        'element-differs',
        `element ${known.uniqueId} was made known for another product`,
      )
    const records = await keysOf(known.id, this.#ports.ledger)
    const fingerprints = records.map(({ fingerprint }) => fingerprint.toHex())
    return sameKeys(keys, fingerprints) ? 'same' : differs(known.uniqueId)
  }

  async *#commit(rows: readonly ManifestRow[]): AsyncGenerator<ImportNews> {
    const { product, signerSha256 } = this.#manifest
    const puts: Put[] = []
    const events: AuditEvent[] = []
    const elements: string[] = []
    for (const row of rows) {
      const keys = await this.#keysOf(row)
      if ('kind' in keys) {
        yield this.refuse(row.row, keys)
        continue
      }
      const { uniqueId, model, partNumber } = row.genuine.element
      const made = recordsOf(
        {
          ...{ uniqueId, product: product.id, source: 'manifest', model, partNumber },
          ...{ signerSha256, vendorRoot: keys.root, evidence: row.evidence, keys: keys.keys },
        },
        this.#actor,
        this.#ports,
      )
      puts.push(...made.puts)
      events.push(...made.events)
      elements.push(made.element.id)
    }
    if (elements.length === 0) return
    const at = this.#ports.clock.now()
    const facts = { count: elements.length, signer: signerSha256.toHex(), product: product.name }
    const event: AuditEvent = {
      ...{ type: 'elements-imported', at, actor: this.#actor, subjects: elements, facts },
    }
    const refused = await settle({ puts, events: [event, ...events] }, this.#ports.ledger)
    if (refused === undefined) this.added += elements.length
    // Somebody else made one of them known at this moment: one by one, each is found or added.
    else if (rows.length > 1) for (const row of rows) yield* this.book([row])
    else for (const { row } of rows) yield this.refuse(row, refused)
  }

  /** The keys of an element, and the maker's root that vouches for one of them, if any does. */
  async #keysOf({ genuine }: ManifestRow) {
    const keys: NewElementKey[] = []
    let root: string | null = null
    let reason: Refused | undefined
    for (const { slot, publicKey, certificates } of genuine.keys) {
      const [certificate] = certificates
      const vouched = isChain(certificates)
        ? await vouchForElement(certificates, this.#ports)
        : undefined
      if (vouched?.kind === 'vouched') root ??= vouched.root.id
      else reason ??= vouched
      keys.push({ slot, publicKey, certificate, vouched: vouched?.kind === 'vouched' })
    }
    if (this.#manifest.demandsMaker && root === null)
      return (
        reason ??
        refuse(
          'element-not-genuine',
          `element ${genuine.element.uniqueId} has no certificate that a maker's root could vouch for`,
        )
      )
    return { keys, root }
  }
}

function isChain(
  certificates: readonly Certificate[],
): certificates is readonly [Certificate, ...Certificate[]] {
  return certificates.length > 0
}

function fingerprintOf({ publicKey }: ElementKey): string {
  return publicKey.fingerprint.toHex()
}

function sameKeys(keys: readonly ElementKey[], fingerprints: readonly string[]): boolean {
  const known = new Set(fingerprints)
  return keys.length === known.size && keys.every((key) => known.has(fingerprintOf(key)))
}

function differs(uniqueId: string): Refused {
  return refuse('element-differs', `element ${uniqueId} is known here with other keys`)
}
