// SPDX-License-Identifier: Apache-2.0
/** Devices that enrol once and renew for ever, whatever stands in the way; and what must hold afterwards. */
import assert from 'node:assert/strict'
import { request as httpsRequest } from 'node:https'
import type { Ledger } from '#core/ledger/ledger.ts'
import type { Kind, LedgerRecord, Product } from '#core/ledger/tables.ts'
import { applyProfile } from '#core/policy/apply-profile.ts'
import { readyProfiles } from '#core/policy/ready/ready-profiles.ts'
import type { ListenAddress } from '#edge/http/front.ts'
import { encodePem } from '#format/pem.ts'
import { encodeNoteKey } from '#format/tlog/note-key.ts'
import { parseCrl } from '#format/x509/crl.ts'
import { sha256 } from '#trust/digest.ts'
import { encodePrivateKey, generateKey, type KeyPair } from '#trust/private-key.ts'
import { noteKeyOf } from '#trust/tlog/note.ts'
import { verifyExport } from '#trust/tlog/verify-export.ts'
import {
  type Answer,
  certificateIn,
  fetchStatus,
  renewalBy,
  requestBy,
  rootPem,
  type TestHouse,
  withProduct,
} from '../../support/house.ts'
import { expectDevice } from '../../support/refusing.ts'

const loops = 6
/** A device is given 24 certificates a day. */
const renewals = 20
const devicesPerLoop = 40

/**
 * Holds everything that the devices were told against ledger, log and revocation lists: nothing is lost, no
 * request has two certificates.
 *
 * @returns how many certificates were abandoned
 */
export async function demandWhole(house: TestHouse, fleet: Fleet): Promise<number> {
  const { ledger, installation } = house.core
  for (const certificate of fleet.acknowledged) {
    const record = await ledger.find('certificate', 'sha256', [sha256(certificate)])
    assert.ok(record?.state === 'issued' || record?.state === 'retired', `${record?.state}`)
  }
  const requests = new Set<string>()
  for await (const { request, protocol } of all(ledger, 'enrolment')) {
    if (protocol !== 'est') continue
    assert.ok(!requests.has(request.toHex()), 'a request got two certificates')
    requests.add(request.toHex())
  }
  assert.ok(requests.size >= fleet.acknowledged.length)
  assert.equal(await ledger.count('certificate', { by: 'state', equal: ['reserved'] }), 0)
  const { body } = await fetchStatus(house, '/crl/issuing-1.crl')
  const listed = new Set([...parseCrl(body).revoked].map((one) => one.serialNumber.toHex()))
  let abandoned = 0
  for await (const { state, serialNumber } of all(ledger, 'certificate')) {
    if (state !== 'abandoned') continue
    abandoned++
    assert.ok(listed.has(serialNumber.toHex()), 'abandoned and not on the list')
  }
  await house.sequence()
  assert.deepEqual(await house.log.waiting(1), [])
  const key = noteKeyOf(installation.logOrigin, Uint8Array.fromHex(installation.logPublicKey))
  const verified = await verifyExport(house.exportLog(), { key: encodeNoteKey(key) })
  assert.deepEqual(
    verified.findings.filter(({ severity }) => severity === 'wrong'),
    [],
  )
  assert.ok(verified.intact)
  return abandoned
}

async function* all<K extends Kind>(ledger: Ledger, kind: K): AsyncGenerator<LedgerRecord<K>> {
  let after: string | null | undefined
  do {
    const page = await ledger.list(kind, { limit: 1000, ...(after && { after }) })
    yield* page.items
    after = page.next
  } while (after !== null)
}

/** Devices that enrol once and then renew for ever, behind what a balancer does. */
export class Fleet {
  readonly acknowledged: Uint8Array[] = []
  /** Beside answers: only connections that were never made, or also those that were cut. */
  forgives: 'nothing' | 'cuts' = 'cuts'
  readonly #tls: { readonly ca: string; readonly rejectUnauthorized: boolean }
  readonly #devices: (readonly Device[])[] = []
  readonly #targets = new Map<string, ListenAddress>()
  readonly #loops: Promise<void>[] = []
  #turn = 0
  #isOver = false
  #underWay = new Set<Promise<unknown>>()
  #waiting: { readonly count: number; readonly resolve: () => void }[] = []

  /** @param verifies whether devices judge the server's certificate: not where its clock is another than theirs */
  constructor(house: TestHouse, verifies = true) {
    this.#tls = { ca: rootPem(house), rejectUnauthorized: verifies }
  }

  serves(name: string, address: ListenAddress): void {
    this.#targets.set(name, address)
  }

  /** Makes the devices known, and switches them on. */
  async begin(house: TestHouse): Promise<void> {
    const product = await withProduct(house, 'fleet')
    await renewableAtOnce(house)
    for (let loop = 0; loop < loops; loop++) {
      const devices: Promise<Device>[] = []
      for (let index = 0; index < devicesPerLoop; index++) {
        devices.push(newDevice(house, product, `UNIT-${loop}-${index}`))
      }
      this.#devices.push(await Promise.all(devices))
    }
    for (const devices of this.#devices) this.#loops.push(this.#live(devices))
  }

  /** Resolves when so many further certificates were acknowledged. */
  more(count: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiting.push({ count: this.acknowledged.length + count, resolve })
    for (const loop of this.#loops) loop.catch(reject)
    return promise
  }

  /** Resolves when everything that is under way now has its answer. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#underWay)
  }

  async end(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#loops)
  }

  async #live(devices: readonly Device[]): Promise<void> {
    for (const { key, first, headers } of devices) {
      let certificate = await this.#obtain('simpleenroll', first, { headers })
      for (let times = 0; times < renewals && certificate !== undefined; times++) {
        const tls = {
          key: encodePem('PRIVATE KEY', encodePrivateKey(key.privateKey)),
          cert: encodePem('CERTIFICATE', certificate),
        }
        const next = await renewalBy(key, certificate)
        certificate = await this.#obtain('simplereenroll', next, { tls })
      }
      if (this.#isOver) return
    }
    assert.fail('there are too few devices')
  }

  /** Repeats the same request until it is answered, as a device does. */
  async #obtain(
    operation: string,
    request: Uint8Array,
    means: Means,
  ): Promise<Uint8Array | undefined> {
    while (!this.#isOver) {
      const asked = this.#balance(operation, request, means)
      this.#underWay.add(asked)
      const answer = await asked.finally(() => this.#underWay.delete(asked))
      if (answer?.status === 200) return this.#note(certificateIn(answer))
      // Nobody serves now, or it was cut, or somebody says so.
      assert.ok(answer === undefined || answer.status === 503, `${answer?.status} ${answer?.body}`)
      if (this.forgives === 'nothing') assert.fail(`a request failed: ${answer?.body}`)
      await new Promise((resolve) => setImmediate(resolve))
    }
    return undefined
  }

  #note(certificate: Uint8Array): Uint8Array {
    this.acknowledged.push(certificate)
    const met = this.#waiting.filter(({ count }) => count <= this.acknowledged.length)
    this.#waiting = this.#waiting.filter((one) => !met.includes(one))
    for (const { resolve } of met) resolve()
    return certificate
  }

  /** Takes the next server where no connection could be made; undefined if the answer was cut off. */
  async #balance(operation: string, request: Uint8Array, means: Means) {
    const targets = [...this.#targets.values()]
    const first = this.#turn++
    for (let tries = 0; tries < targets.length; tries++) {
      const target = targets[(first + tries) % targets.length]
      const answer = target && (await this.#send(target, operation, request, means))
      if (answer === 'cut') {
        assert.equal(this.forgives, 'cuts', 'an answer was cut off')
        return undefined
      }
      if (answer !== undefined && answer !== 'unreached') return answer
    }
    assert.equal(this.forgives, 'cuts', 'nobody serves')
    return undefined
  }

  #send(
    target: ListenAddress,
    operation: string,
    request: Uint8Array,
    { headers = {}, tls }: Means,
  ): Promise<Answer | 'unreached' | 'cut'> {
    const { promise, resolve } = Promise.withResolvers<Answer | 'unreached' | 'cut'>()
    let isSent = false
    const sent = httpsRequest(
      {
        ...{ ...target, method: 'POST', path: `/.well-known/est/${operation}`, agent: false },
        ...{ ...this.#tls, servername: 'localhost', ...tls },
        headers: { 'Content-Type': 'application/pkcs10', ...headers },
      },
      async (answer) => {
        try {
          let body = ''
          for await (const chunk of answer) body += chunk
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body })
        } catch {
          resolve('cut')
        }
      },
    )
    // A balancer may go to the next server until it has sent something.
    sent.on('socket', (socket) => socket.once('secureConnect', () => (isSent = true)))
    sent.on('error', () => resolve(isSent ? 'cut' : 'unreached'))
    sent.end(request.toBase64())
    return promise
  }
}

interface Device {
  readonly key: KeyPair
  /** Its first request, and what it shows with it. */
  readonly first: Uint8Array
  readonly headers: Readonly<Record<string, string>>
}

async function newDevice(house: TestHouse, product: Product, serial: string): Promise<Device> {
  const { user, code } = await expectDevice(house, product, serial)
  const key = await generateKey('p-256')
  const basic = Buffer.from(`${user}:${code}`).toString('base64')
  return { key, first: await requestBy(key), headers: { Authorization: `Basic ${basic}` } }
}

interface Means {
  readonly headers?: Readonly<Record<string, string>>
  readonly tls?: { readonly key: string; readonly cert: string }
}

/** Lets devices renew as soon as they have a certificate. */
async function renewableAtOnce({ core }: TestHouse): Promise<void> {
  const because = 'this test has no day'
  const document = {
    ...readyProfiles.ldevid,
    ...{ version: 2, validity: { hours: 24, because } },
    ...{ backdating: { minutes: 60, because }, renewal: { fromPercent: 1, because } },
  }
  const applied = await applyProfile(document, { kind: 'house', id: 'test' }, core)
  assert.equal(applied.kind, 'applied', JSON.stringify(applied))
}
