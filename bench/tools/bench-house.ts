// SPDX-License-Identifier: Apache-2.0
/** A whole house on loopback and in a directory of its own, with as many devices in it as wanted. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expectedDevice } from '#core/devices/add.ts'
import { hashCode, newCodeText } from '#core/devices/code.ts'
import { addProduct } from '#core/devices/product.ts'
import { pauseWatch } from '#core/keywatch/state.ts'
import { newId } from '#core/ledger/ids.ts'
import type { Change, Put } from '#core/ledger/ledger.ts'
import type { Code, Device } from '#core/ledger/tables.ts'
import { encodeSigned } from '#format/x509/certificate.ts'
import { encodeCertificationRequestInfo } from '#format/x509/certification-request.ts'
import { encodeName } from '#format/x509/name.ts'
import { readConfiguration } from '#house/configuration.ts'
import { type House, openHouse } from '#house/house.ts'
import { signatureAlgorithmFor } from '#trust/algorithms.ts'
import { generateKey, type KeyPair, sign } from '#trust/private-key.ts'
import { type Certified, enrolledRecords, serialOf } from './enrolled.ts'
import { atOnce } from './meter.ts'

/** A device that is expected, with the code that it may enrol with and the request that it will send. */
export interface Expected {
  readonly serial: string
  readonly code: string
  readonly request: Uint8Array
}

const operator = { kind: 'person', id: 'bench' } as const
/** Devices in one commit. */
const batch = 250

export interface BenchHouse extends House {
  readonly directory: string
  /** Adds devices that may enrol. */
  expect(count: number): Promise<readonly Expected[]>
  /** Brings the store to so many certificates of devices. */
  fill(certificates: number): Promise<void>
  remove(): Promise<void>
}

export function benchDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'vitalsign-bench-'))
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** The words that open a house on free ports of the loopback. */
export function serveWords(directory: string, algorithm: string): readonly string[] {
  return [
    ...['--data', directory, '--listen', '127.0.0.1:0', '--operator-listen', '127.0.0.1:0'],
    ...['--status-listen', '127.0.0.1:0', '--algorithm', algorithm],
  ]
}

/** Its watch on keys is paused: what a store is filled with are bytes of chance, at which it would only break. */
export async function openBenchHouse(
  algorithm = 'p-256',
  directory = benchDirectory(),
  words: readonly string[] = [],
): Promise<BenchHouse> {
  const report = (what: string, cause: unknown) => console.error(what, cause)
  const configuration = readConfiguration([...serveWords(directory, algorithm), ...words])
  const house = await openHouse(configuration, report)
  const { core } = house
  await pauseWatch('the keys of a bench are bytes of chance', operator, core)
  const product = await benchProduct(house)
  // What an earlier run left is passed over: a unit of each size that is loaded in one go.
  const known = await core.ledger.list('device', { by: 'bySerial', descending: true, limit: 1 })
  let units = Number(known.items[0]?.serial.slice('BENCH-'.length) ?? 0)
  let filled = 0
  const newDevice = (): Device => {
    const serial = serialOf(++units)
    const particulars = { hardwareRevision: 'A', lot: `LOT-${units >> 10}`, udiDi: null }
    return expectedDevice({ serial, ...particulars }, product, core)
  }
  const door = (): Certified => {
    const open = core.doors.for(product, undefined)
    if ('kind' in open) throw new Error(open.detail)
    return {
      ...{ product, entrance: open.entrance.id, authority: open.issuer.authority.id },
      ...{ profile: open.profile.name, profileVersion: open.profile.version },
    }
  }
  const commit = async (change: Change) => {
    const { kind } = await core.ledger.commit(change)
    if (kind !== 'committed') throw new Error('the bench met a conflict')
  }
  return {
    ...house,
    directory,
    async expect(count) {
      const expected: Expected[] = []
      for (let start = 0; start < count; start += batch) {
        const puts: Put[] = []
        for (let left = Math.min(batch, count - start); left > 0; left--) {
          const device = newDevice()
          const code = newCodeText(core.random)
          puts.push({ kind: 'device', record: device }, codePut(device, code, house))
          const request = await requestBy(await generateKey('p-256'))
          expected.push({ serial: device.serial, code, request })
        }
        await commit({ puts, events: [] })
      }
      return expected
    },
    async fill(certificates) {
      const changes = Math.ceil((certificates - filled) / batch)
      await atOnce(4, changes, () =>
        commit({
          puts: Array.from({ length: batch }, () =>
            enrolledRecords(++units, door(), core, newId),
          ).flat(),
          events: [],
        }),
      )
      filled += Math.max(0, changes) * batch
    },
    async remove() {
      await house.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

async function benchProduct({ core }: House): Promise<string> {
  const known = await core.ledger.find('product', 'name', ['bench'])
  if (known !== undefined) return known.id
  const asked = { name: 'bench', exposure: 'telemetry', maker: 'Bench' } as const
  const added = await addProduct(asked, operator, core)
  if (added.kind !== 'added') throw new Error(added.detail)
  return added.product.id
}

/** A PKCS #10 request without subject or extensions: those are the profile's to say. */
export async function requestBy({ privateKey, publicKey }: KeyPair): Promise<Uint8Array> {
  const info = encodeCertificationRequestInfo({
    subject: encodeName([]),
    publicKey: publicKey.spki,
  })
  const algorithm = signatureAlgorithmFor(publicKey.algorithm)
  return encodeSigned(info, algorithm.identifier, await sign(privateKey, algorithm, info))
}

function codePut(device: Device, text: string, { core }: House): Put {
  const now = core.clock.now()
  const record: Code = {
    ...{ id: newId('code', core), version: 1, codeSha256: hashCode(text) },
    ...{ device: device.id, product: device.product, createdAt: now, createdBy: operator.id },
    ...{
      expiresAt: now.add({ hours: 24 }),
      usedAt: null,
      usedFor: null,
      heldFor: null,
      attestation: null,
    },
  }
  return { kind: 'code', record }
}
