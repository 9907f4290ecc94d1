// SPDX-License-Identifier: Apache-2.0
/** A small house with a log and the ledger that it tells of, for the tests of the export. */
import type { AuditEvent } from '#core/audit/event.ts'
import { type ExportOptions, exportLog } from '#core/audit/export-log.ts'
import { MemoryLogStore } from '#core/audit/log-testing.ts'
import { sequenceOnce } from '#core/audit/sequencer.ts'
import { encodeNoteKey } from '#format/tlog/note-key.ts'
import { testLogKey } from '#trust/tlog/note-testing.ts'

export const log = testLogKey('example.com/log', 5)
const clock = { now: () => Temporal.Instant.from('2026-01-01T00:00:00Z') }

/** A log whose n-th event issues, abandons, revokes or does something else, with the ledger it tells of. */
export class House {
  readonly store = new MemoryLogStore()
  #signer = log

  /** A restore from a backup of `size` events: the same key goes on under another name. */
  restoredAs(newOrigin: string, size = this.store.kept.length): this {
    const { name: oldOrigin } = this.#signer.key
    const facts = { epoch: 2, moment: clock.now().toString(), logSize: size, oldOrigin, newOrigin }
    this.store.commit(told('installation-restored', [], facts))
    this.#signer = testLogKey(newOrigin, 5)
    return this
  }

  get key(): string {
    return encodeNoteKey(this.#signer.key)
  }

  add(count: number): this {
    for (let at = 0; at < count; at++) this.#addOne(this.store.kept.length)
    return this
  }

  #addOne(number: number): void {
    const party = { id: `pty_${number}`, name: `maker ${number}`, role: 'maker' }
    if (number % 5 === 0) {
      this.#put('party', { ...party, version: 1 })
      this.store.commit(told('party-added', [party.id], { name: party.name, role: 'maker' }))
    }
    if (number % 5 === 1) this.#abandon(number)
    if (number % 5 === 2) this.store.commit(told('server-started', [], { number }))
    if (number % 5 === 3) this.#issue(number)
    if (number % 5 === 4) this.#revoke(crt(number - 1))
  }

  #abandon(number: number): void {
    const { id, serialNumber, ...columns } = certificate(number)
    const facts = { serialNumber: serialNumber.toHex() }
    this.store.commit(told('certificate-abandoned', [id, 'dev_1', 'aut_1'], facts))
    this.#put('certificate', { ...columns, id, serialNumber, state: 'abandoned', sha256: null })
  }

  #issue(number: number): void {
    const record = certificate(number)
    const { id, serialNumber, sha256, subject, notAfter } = record
    const facts = {
      serialNumber: serialNumber.toHex(),
      sha256: sha256.toHex(),
      subject,
      notAfter: notAfter.toString(),
      profile: 'ldevid 1',
    }
    this.store.commit(told('certificate-issued', [id, 'dev_1', 'aut_1', 'key_1'], facts))
    this.#put('certificate', { ...record, state: 'issued' })
  }

  #revoke(id: string): void {
    this.store.commit(told('certificate-revoked', [id, 'dev_1', 'aut_1'], { reason: 'x' }))
    this.change(id, { state: 'revoked' })
  }

  /** Changes a certificate's record, and no event says so. */
  change(id: string, columns: Record<string, unknown>): void {
    const records = this.store.recordsOf.get('certificate') ?? []
    const at = records.findIndex((one) => one.id === id)
    this.store.recordsOf.set('certificate', records.with(at, { ...records[at]!, ...columns }))
  }

  remove(id: string): void {
    const records = this.store.recordsOf.get('certificate') ?? []
    this.store.recordsOf.set(
      'certificate',
      records.filter((one) => one.id !== id),
    )
  }

  #put(kind: string, record: { id: string; version: number } & Record<string, unknown>): void {
    const records = [...(this.store.recordsOf.get(kind) ?? []), record]
    this.store.recordsOf.set(
      kind,
      records.sort((a, b) => (a.id < b.id ? -1 : 1)),
    )
  }

  get #ports() {
    return { store: this.store, signer: this.#signer, clock, holder: 'test' }
  }

  async export(options: ExportOptions = {}): Promise<string[]> {
    const sequence = () => sequenceOnce(this.#ports)
    const pieces = await Array.fromAsync(exportLog({ ...this.#ports, sequence }, options))
    return pieces.map((piece) => new TextDecoder().decode(piece).slice(0, -1))
  }

  async checkpoint(): Promise<string> {
    await sequenceOnce(this.#ports)
    return (await this.store.head()).checkpoint?.note ?? ''
  }
}

export function crt(number: number): string {
  return `crt_${String(number).padStart(4, '0')}`
}

export function told(
  type: AuditEvent['type'],
  subjects: readonly string[],
  facts: AuditEvent['facts'],
): AuditEvent {
  return { type, at: clock.now(), actor: { kind: 'house', id: 'test' }, subjects, facts }
}

function certificate(number: number) {
  return {
    id: crt(number),
    version: 2,
    owner: 'dev_1',
    authority: 'aut_1',
    key: 'key_1',
    subject: 'CN=é',
    serialNumber: new Uint8Array(16).fill(number % 256),
    sha256: new Uint8Array(32).fill(number % 256),
    notAfter: clock.now().add({ hours: number }),
  }
}
