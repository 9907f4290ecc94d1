// SPDX-License-Identifier: Apache-2.0
/**
 * How long it takes to tell what would break if an authority ended, in a store of many devices.
 *
 * `node bench/what-if.ts [DEVICES]`; a million takes some minutes to fill, and 2 GB on the disk.
 */
import { randomFillSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newId } from '#core/ledger/ids.ts'
import type { Put } from '#core/ledger/ledger.ts'
import type {
  AnchorSet,
  Authority,
  CertificateRecord,
  Device,
  Product,
} from '#core/ledger/tables.ts'
import { whatIf } from '#core/watch/what-if.ts'
import { openStore } from '#edge/store/open-store.ts'
import { sha256 } from '#trust/digest.ts'

const ports = {
  clock: { now: () => Temporal.Now.instant() },
  random: { bytes: (count: number) => randomFillSync(new Uint8Array(count)) },
}
const devices = Number(process.argv[2] ?? 1_000_000)
const [products, lots, batch] = [3, 50, 2_000]

const directory = mkdtempSync(join(tmpdir(), 'vitalsign-bench-'))
const store = await openStore(directory, ports)
const at = Temporal.Now.instant()
const until = at.add({ hours: 8760 })

const authority = (name: string, parent: string | null): Authority => ({
  ...{ id: newId('authority', ports), version: 1, name, kind: parent ? 'issuing' : 'root' },
  ...{ environment: 'test', algorithm: 'p-256', parent, key: null, state: 'active' },
  ...{ certificate: new Uint8Array(), certificateSha256: ports.random.bytes(32) },
  ...{ subjectKeyIdentifier: new Uint8Array(20), notAfter: until, issueUntil: until },
  ...{ successor: null, createdAt: at, products: [], crlNumberFrom: null, origin: null },
  ...{ twin: null, keyEverHere: true },
})
const root = authority('root', null)
const issuing = authority('issuing-1', root.id)
const made: Product[] = Array.from({ length: products }, (_, index) => ({
  ...{ id: newId('product', ports), version: 1, name: `product-${index}` },
  ...{ party: newId('party', ports), exposure: 'none', createdAt: at },
}))
const sets: AnchorSet[] = made.map((product) => ({
  ...{ id: newId('anchorSet', ports), version: 1, product: product.id, number: 1, createdAt: at },
  anchors: [{ authority: root.id, name: 'root', sha256: root.certificateSha256.toHex() }],
  digest: sha256(root.certificateSha256),
}))

async function commit(puts: readonly Put[]) {
  const committed = await store.ledger.commit({ puts, events: [] })
  if (committed.kind !== 'committed') throw new Error(committed.rule)
}

function unit(index: number): readonly Put[] {
  const product = made[index % products]!
  const device: Device = {
    ...{ id: newId('device', ports), version: 1, product: product.id, serial: `P-${index}` },
    ...{ hardwareRevision: null, lot: `lot-${index % lots}`, udiDi: null, state: 'active' },
    ...{ enrolmentsLeft: 0, createdAt: at, seenAt: at, missedSince: null },
    ...{
      quarantine: null,
      stateBefore: null,
      under: issuing.id,
      anchors: sets[index % products]!.id,
    },
  }
  const certificate: CertificateRecord = {
    ...{ id: newId('certificate', ports), version: 1, serialNumber: ports.random.bytes(16) },
    ...{ authority: issuing.id, profile: 'ldevid', profileVersion: 1, kind: 'working' },
    ...{ owner: device.id, product: product.id, subject: `CN=P-${index}`, lot: device.lot },
    ...{ deviceSerial: device.serial, key: newId('key', ports), algorithm: 'p-256' },
    ...{ state: 'issued', notBefore: at, notAfter: until, toBeSignedSha256: new Uint8Array(32) },
    ...{ sha256: ports.random.bytes(32), enrolment: null, shard: index % 300, reservedAt: at },
    ...{
      issuedAt: at,
      usedAt: at,
      replaces: null,
      revokedAt: null,
      revocationReason: null,
      revocation: null,
      retiresAt: null,
    },
  }
  return [
    { kind: 'device', record: device },
    { kind: 'certificate', record: certificate },
  ]
}

try {
  await commit([
    ...[root, issuing].map((record): Put => ({ kind: 'authority', record })),
    ...made.map((record): Put => ({ kind: 'product', record })),
    ...sets.map((record): Put => ({ kind: 'anchorSet', record })),
  ])
  for (let done = 0; done < devices; done += batch)
    await commit(Array.from({ length: batch }, (_, index) => unit(done + index)).flat())
  for (const one of [root, issuing, root, issuing]) {
    const began = performance.now()
    const found = await whatIf(one, { ledger: store.ledger, clock: ports.clock })
    const took = performance.now() - began
    const counted = found.products.reduce((sum, product) => sum + product.devices, 0)
    console.log(
      `what-if ${one.name}: ${counted} devices in ${products} products and ${lots} lots, ${took.toFixed(0)} ms`,
    )
  }
} finally {
  await store.close()
  rmSync(directory, { recursive: true })
}
