// SPDX-License-Identifier: Apache-2.0
/** How fast the store books what an issue of a certificate needs, durably, as it fills. */
import { randomFillSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newId } from '#core/ledger/ids.ts'
import type { Change, Put } from '#core/ledger/ledger.ts'
import type { CertificateRecord, Code, Device } from '#core/ledger/tables.ts'
import { openStore } from '#edge/store/open-store.ts'
import type { Store } from '#edge/store/store.ts'

export interface Row {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly note: string
}

const ports = {
  clock: { now: () => Temporal.Now.instant() },
  random: { bytes: (count: number) => randomFillSync(new Uint8Array(count)) },
}

/** As many changes at once as a busy server has requests. */
const committers = [64, 256, 1_000]
/** Sizes of the ledger, in certificates, at which the rate is taken. */
const sizes = [0, 10_000, 100_000]
const chunk = 5_000

/** Runs about half a minute. */
export async function benchStore(): Promise<Row[]> {
  const directory = mkdtempSync(join(tmpdir(), 'vitalsign-bench-'))
  const store = await openStore(directory, ports)
  try {
    return await benchOpenStore(store, 'SQLite', sizes)
  } finally {
    await store.close()
    rmSync(directory, { recursive: true })
  }
}

/** The same in a store that is open, and new. */
export async function benchOpenStore(
  store: Store,
  what: string,
  sizes: readonly number[],
): Promise<Row[]> {
  const rows: Row[] = []
  let size = 0
  for (const wanted of sizes) {
    for (; size < wanted; size += chunk) await issueAll(store, await expect(store, chunk), 1_000)
    for (const count of committers) {
      rows.push(await measure(store, `${what}, ${count} committers, ${size} certificates`, count))
      size += chunk
    }
  }
  rows.push(await measureReads(store, what))
  return rows
}

async function measure(store: Store, what: string, count: number): Promise<Row> {
  const issues = await expect(store, chunk)
  const [all, own] = [process.cpuUsage(), process.threadCpuUsage()]
  const start = performance.now()
  await issueAll(store, issues, count)
  const seconds = (performance.now() - start) / 1_000
  const caller = spent(process.threadCpuUsage(own))
  const book = spent(process.cpuUsage(all)) - caller
  return {
    name: `durable commits, ${what}`,
    value: Math.round((2 * chunk) / seconds),
    unit: 'changes/s',
    note: `book (6 records, 2 events) and complete (2 records, 1 event) by turns; ${Math.round(caller)} us of the caller's thread and ${Math.round(book)} us of the others each`,
  }
}

/** Microseconds of processor time for each change of a chunk. */
function spent({ user, system }: { readonly user: number; readonly system: number }): number {
  return (user + system) / chunk / 2
}

async function measureReads(store: Store, what: string): Promise<Row> {
  const { items } = await store.ledger.list('certificate', { limit: 1_000 })
  const start = performance.now()
  for (let round = 0; round < 20; round++)
    for (const { id } of items) await store.ledger.read('certificate', id)
  const seconds = (performance.now() - start) / 1_000
  const value = Math.round((20 * items.length) / seconds)
  return {
    name: `point reads, ${what}`,
    value,
    unit: 'records/s',
    note: 'certificate by id, decoded; one after the other',
  }
}

/** Issues certificates, `count` at a time: each is booked, then completed. */
async function issueAll(store: Store, issues: readonly Issue[], count: number) {
  const left = issues.values()
  const one = async () => {
    for (const { reserve, complete } of left)
      for (const change of [reserve, complete]) await commit(store, change)
  }
  await Promise.all(Array.from({ length: count }, one))
}

async function commit(store: Store, change: Change) {
  const { kind } = await store.ledger.commit(change)
  if (kind !== 'committed') throw new Error('the bench met a conflict')
}

/** Imports devices with their codes, and drafts a certificate for each. */
async function expect(store: Store, count: number): Promise<readonly Issue[]> {
  const issues = Array.from({ length: count }, issue)
  for (let at = 0; at < count; at += 500)
    await commit(store, {
      puts: issues.slice(at, at + 500).flatMap(({ expected }) => expected),
      events: [],
    })
  return issues
}

interface Issue {
  /** The device and its code, as they were imported. */
  readonly expected: readonly Put[]
  readonly reserve: Change
  readonly complete: Change
}

const product = newId('product', ports)
const authority = newId('authority', ports)

let units = 0

function issue(): Issue {
  const at = ports.clock.now()
  const { bytes } = ports.random
  const id = newId('certificate', ports)
  const device = newId('device', ports)
  const key = newId('key', ports)
  const enrolment = newId('enrolment', ports)
  const serial = `PUMP-${String(++units).padStart(8, '0')}`
  const certificate: CertificateRecord = {
    id,
    version: 1,
    serialNumber: bytes(16),
    authority,
    profile: 'ldevid',
    profileVersion: 1,
    kind: 'working',
    owner: device,
    product,
    subject: `CN=${serial},O=Example Medical`,
    deviceSerial: serial,
    lot: 'LOT-2026-07',
    key,
    algorithm: 'p-256',
    state: 'reserved',
    notBefore: at,
    notAfter: at.add({ hours: 8_760 }),
    toBeSignedSha256: bytes(32),
    sha256: null,
    enrolment,
    shard: 1,
    reservedAt: at,
    issuedAt: null,
    usedAt: null,
    replaces: null,
    revokedAt: null,
    revocationReason: null,
    revocation: null,
    retiresAt: null,
  }
  const unit: Device = {
    id: device,
    version: 1,
    product,
    serial,
    hardwareRevision: 'A',
    lot: 'LOT-2026-07',
    udiDi: null,
    state: 'expected',
    enrolmentsLeft: 1,
    createdAt: at,
    seenAt: null,
    missedSince: null,
    under: null,
    anchors: null,
    quarantine: null,
    stateBefore: null,
  }
  const code: Code = {
    id: newId('code', ports),
    version: 1,
    codeSha256: bytes(32),
    device,
    product,
    createdAt: at,
    createdBy: 'import',
    expiresAt: at.add({ hours: 8_760 }),
    usedAt: null,
    usedFor: null,
    heldFor: null,
    attestation: null,
  }
  const event = {
    at,
    actor: { kind: 'device', id: device },
    subjects: [id, device],
    facts: { serial, profile: 'ldevid', profileVersion: 1 },
  } as const
  return {
    expected: [
      { kind: 'device', record: unit },
      { kind: 'code', record: code },
    ],
    reserve: {
      puts: [
        { kind: 'certificate', record: certificate },
        {
          kind: 'key',
          record: {
            id: key,
            version: 1,
            fingerprint: bytes(32),
            algorithm: 'p-256',
            bits: 256,
            spki: bytes(91),
            origin: 'device',
            protection: 'unknown',
            attested: false,
            exportable: null,
            purpose: 'working',
            environment: 'trial',
            owner: device,
            state: 'active',
            moduleCertificate: null,
            custody: null,
            activatedAt: at,
            deactivateAt: null,
          },
        },
        {
          kind: 'enrolment',
          record: {
            id: enrolment,
            version: 1,
            protocol: 'est',
            operation: 'enrol',
            entrance: null,
            owner: device,
            certificate: id,
            request: bytes(340),
            proof: 'code',
            credential: null,
            possession: 'signature',
            profile: 'ldevid',
            profileVersion: 1,
            sourceAddress: '192.0.2.7',
            ...{ at, approval: null, registrar: null, proxy: null },
          },
        },
        {
          kind: 'repetition',
          record: {
            id: newId('repetition', ports),
            version: 1,
            requestKey: bytes(32),
            certificate: id,
            until: at.add({ minutes: 15 }),
          },
        },
        { kind: 'device', record: { ...unit, version: 2, state: 'active', seenAt: at } },
        { kind: 'code', record: { ...code, version: 2, usedAt: at, usedFor: id } },
      ],
      events: [
        { ...event, type: 'device-activated' },
        { ...event, type: 'code-made' },
      ],
    },
    complete: {
      puts: [
        {
          kind: 'certificate',
          record: { ...certificate, version: 2, state: 'issued', sha256: bytes(32), issuedAt: at },
        },
        { kind: 'encoding', record: { id, version: 1, der: bytes(620) } },
      ],
      events: [{ ...event, type: 'certificate-issued' }],
    },
  }
}
