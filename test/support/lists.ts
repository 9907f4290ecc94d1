// SPDX-License-Identifier: Apache-2.0
/** Certificates that exist in the ledger alone, what ends and holds them, and the lists that say so. */
import assert from 'node:assert/strict'
import type { EventType } from '#core/audit/event.ts'
import { newId } from '#core/ledger/ids.ts'
import type { Put } from '#core/ledger/ledger.ts'
import { deltaCrl, fullCrl } from '#core/ledger/shards.ts'
import type { Authority, CertificateRecord, CrlRecord } from '#core/ledger/tables.ts'
import { bytesOf } from '#core/revocation/crl-bytes.ts'
import { parseCrl } from '#format/x509/crl.ts'
import { addPump, certificateOf, enrolDevice, operator, type TestCore } from './core.ts'

/** A certificate of the issuing authority of which the others are copies. */
export async function sample(core: TestCore): Promise<CertificateRecord> {
  const { id } = await enrolDevice(core, await addPump(core), 'SAMPLE')
  return certificateOf(core, id)
}

export function issuingOf(core: TestCore): Authority {
  return core.doors.own.find(({ kind }) => kind === 'issuing') ?? assert.fail('no issuer')
}

/** Books certificates like this one, each with what is given for it; a thousand a commit. */
export async function book(
  core: TestCore,
  like: CertificateRecord,
  each: readonly Partial<CertificateRecord>[],
  /** That of the store takes what nobody is to hear of. */
  ledger = core.ledger,
): Promise<readonly CertificateRecord[]> {
  const records = each.map((columns): CertificateRecord => {
    const fresh = { id: newId('certificate', core), serialNumber: serialOf(core) }
    const times = { reservedAt: core.clock.now(), issuedAt: null, sha256: null, version: 1 }
    return { ...like, ...fresh, ...times, ...columns }
  })
  for (let at = 0; at < records.length; at += 1_000) {
    const puts = records
      .slice(at, at + 1_000)
      .map((record): Put => ({ kind: 'certificate', record }))
    await commit({ ledger }, puts, [])
  }
  return records
}

function serialOf(core: TestCore): Uint8Array {
  const serial = core.random.bytes(16)
  serial[0] = 0x41
  return serial
}

/** What an act does to a certificate's record. */
export const acts = {
  revoke: { event: 'certificate-revoked', state: 'revoked', reason: 1 },
  supersede: { event: 'certificate-revoked', state: 'revoked', reason: 4 },
  hold: { event: 'certificate-held', state: 'held', reason: 6 },
  release: { event: 'certificate-released', state: 'issued', reason: null },
} as const satisfies Record<string, { event: EventType; state: string; reason: number | null }>

/** Changes certificates in one commit, as the acts of core do; resolves when the lists that come at once are there. */
export async function act(
  core: Pick<TestCore, 'ledger' | 'clock'>,
  what: keyof typeof acts,
  certificates: readonly CertificateRecord[],
): Promise<readonly CertificateRecord[]> {
  const { event, state, reason } = acts[what]
  const at = core.clock.now()
  const changed = certificates.map((one): CertificateRecord => {
    const revokedAt = reason === null ? null : at
    return { ...one, version: one.version + 1, state, revokedAt, revocationReason: reason }
  })
  await commit(
    core,
    changed.map((record) => ({ kind: 'certificate', record })),
    changed.map(({ id, owner, authority }) => {
      const facts = { because: 'test' }
      return { type: event, at, actor: operator, subjects: [id, owner, authority], facts }
    }),
  )
  return changed
}

async function commit(
  { ledger }: Pick<TestCore, 'ledger'>,
  puts: readonly Put[],
  events: Parameters<TestCore['ledger']['commit']>[0]['events'],
): Promise<void> {
  const committed = await ledger.commit({ puts, events })
  assert.equal(committed.kind, 'committed')
}

/** Time and reason by serial number. */
export type Entries = ReadonlyMap<string, string>

export function entriesOf(der: Uint8Array): Entries {
  return new Map(
    [...parseCrl(der).revoked]
      .map(({ serialNumber, revokedAt, reason }): [string, string] => {
        return [serialNumber.toHex(), `${revokedAt} ${reason ?? 0}`]
      })
      .sort(),
  )
}

/** What a client has that puts a delta on a full list: RFC 5280 section 6.3.3. */
export function combined(full: Uint8Array, delta: Uint8Array): Entries {
  const all = new Map(entriesOf(full))
  for (const [serial, told] of entriesOf(delta)) {
    if (told.endsWith(' 8')) all.delete(serial)
    else all.set(serial, told)
  }
  return new Map([...all].sort())
}

export async function listOf(core: TestCore, shard: number): Promise<CrlRecord> {
  const list = await core.shelf.read(issuingOf(core).name, shard)
  return list ?? assert.fail(`no list ${shard}`)
}

/** The full list with this number, as it was published. */
export async function fullNumbered(core: TestCore, number: number): Promise<Uint8Array> {
  const list = await core.ledger.find('crl', 'number', [issuingOf(core).id, fullCrl, number])
  const der = list && (await bytesOf(list, core.ledger))
  return der ?? assert.fail(`list ${number} is kept no more`)
}

export { deltaCrl, fullCrl }
