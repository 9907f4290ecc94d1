// SPDX-License-Identifier: Apache-2.0
/** Core on a real store with keys in memory and a clock that a test sets, without any door. */
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { AuditEvent } from '#core/audit/event.ts'
import { addDevice } from '#core/devices/add.ts'
import { newCode } from '#core/devices/code.ts'
import { addProduct } from '#core/devices/product.ts'
import { enrol } from '#core/enrolment/enrol.ts'
import type { Credential, EnrolmentRequest, Outcome } from '#core/enrolment/request.ts'
import { newId } from '#core/ledger/ids.ts'
import type { Put } from '#core/ledger/ledger.ts'
import { settle } from '#core/ledger/settle.ts'
import type { CertificateRecord, Device, Kind, Product } from '#core/ledger/tables.ts'
import { openArtefactDirectory } from '#edge/artefacts/directory-store.ts'
import { systemRandomness } from '#edge/chance/system-randomness.ts'
import { openStore } from '#edge/store/open-store.ts'
import { readConfiguration } from '#house/configuration.ts'
import { type Core, type Means, openCore } from '#house/core.ts'
import { Feed } from '#house/feed.ts'
import { beginNode } from '#house/nodes/this-node.ts'
import { generateKey, type KeyPair } from '#trust/private-key.ts'
import { noLists } from '#trust/weak-keys/key-lists.ts'
import { requestBy, temporaryDirectory } from './house.ts'
import { SoftKeys } from './soft-keys.ts'

export const operator = { kind: 'person', id: 'psn_test' } as const

/** A clock that goes on by a millisecond a look, so that ids sort, and by what a test says. */
export class TestClock {
  #now: Temporal.Instant

  constructor(start = Temporal.Instant.from('2026-05-01T12:00:00Z')) {
    this.#now = start
  }

  now(): Temporal.Instant {
    this.pass({ milliseconds: 1 })
    return this.#now
  }

  pass(span: Temporal.DurationLike): void {
    this.#now = this.#now.add(span)
  }
}

export interface TestCore extends Core {
  readonly clock: TestClock
  readonly means: Means
  /** All events so far, oldest first. */
  readonly events: readonly AuditEvent[]
  /** What was reported as broken. */
  readonly troubles: string[]
  close(): Promise<void>
}

type Replaced = Partial<
  Pick<Means, 'configuration' | 'ledger' | 'keys' | 'report' | 'desk' | 'keyLists'>
>

/** Founds an installation; `replace` puts parts of its own in the place of the store's and the keys. */
export async function openTestCore(
  replace: (means: Means) => Replaced = () => ({}),
  clock = new TestClock(),
): Promise<TestCore> {
  const directory = temporaryDirectory()
  const random = systemRandomness
  const store = await openStore(directory, { clock, random })
  const keys = new SoftKeys()
  const events: AuditEvent[] = []
  const troubles: string[] = []
  const feed = new Feed((cause) => troubles.push(String(cause)))
  feed.follow((change) => void events.push(...change.events))
  const usual: Means = {
    configuration: readConfiguration(['--data', directory]),
    ...{
      ledger: store.ledger,
      rows: store.rows,
      log: store.log,
      epochs: store.epochs,
      keys,
      clock,
      random,
      feed,
    },
    node: await beginNode(
      {
        ...{ host: 'test', directory, process: process.pid, programVersion: '0' },
        ...{ publicUrl: null, names: [] },
      },
      { ...{ ledger: store.ledger, clock, random }, shared: undefined },
    ),
    ...{ statusUrl: 'http://localhost:8080', keyLists: noLists },
    artefacts: await openArtefactDirectory(join(directory, 'artefacts'), random),
    report: (what) => troubles.push(what),
  }
  const means = { ...usual, ...replace(usual) }
  const core = await openCore(means)
  return {
    ...core,
    ...{ clock, means, events, troubles },
    close: async () => {
      await store.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** Runs a test on a core of its own. */
export async function withCore(
  work: (core: TestCore) => Promise<void>,
  replace?: (means: Means) => Replaced,
): Promise<void> {
  const core = await openTestCore(replace)
  try {
    await work(core)
  } finally {
    await core.close()
  }
}

export async function addPump(core: Core, name = 'pump'): Promise<Product> {
  const added = await addProduct({ name, exposure: 'therapy', maker: 'Acme' }, operator, core)
  return added.kind === 'added' ? added.product : assert.fail(added.detail)
}

export interface Expected {
  readonly device: Device
  readonly credential: Credential & { readonly kind: 'code' }
}

/** A device that is expected, with a code. */
export async function expectDevice(
  core: Core,
  product: Product,
  serial: string,
  lot: string | null = null,
): Promise<Expected> {
  const particulars = { hardwareRevision: null, lot, udiDi: null }
  const added = await addDevice({ serial, ...particulars }, product, operator, core)
  if (added.kind !== 'added') assert.fail(added.detail)
  const code = await codeFor(core, added.device)
  return { device: added.device, credential: { kind: 'code', user: serial, code } }
}

export async function codeFor(core: Core, device: Device): Promise<string> {
  const made = await newCode(device, 24, operator, core)
  return made.kind === 'made' ? made.text : assert.fail(made.detail)
}

/** Asks by EST for what a request and a credential give. */
export async function ask(
  core: Core,
  credential: Credential,
  request: Uint8Array | KeyPair,
  more: Partial<EnrolmentRequest> = {},
): Promise<Outcome> {
  const bytes = request instanceof Uint8Array ? request : await requestBy(request)
  return enrol(
    {
      ...{ protocol: 'est', operation: 'enrol', label: undefined, sourceAddress: '192.0.2.7' },
      ...{ credential, request: bytes },
      ...more,
    },
    core,
  )
}

export interface Enrolled extends Expected {
  readonly key: KeyPair
  readonly certificate: Uint8Array
  readonly id: string
  /** What the device shows from now on. */
  readonly shown: Credential
}

/** A device that enrolled by code. */
export async function enrolDevice(
  core: Core,
  product: Product,
  serial: string,
  more: Partial<EnrolmentRequest> = {},
  lot: string | null = null,
): Promise<Enrolled> {
  const expected = await expectDevice(core, product, serial, lot)
  const key = await generateKey('p-256')
  const outcome = issuedOf(await ask(core, expected.credential, key, more))
  const shown = { kind: 'certificate', chain: [outcome.certificate] } as const
  return { ...expected, ...outcome, key, shown }
}

export function issuedOf(outcome: Outcome) {
  return outcome.kind === 'issued' ? outcome : assert.fail(JSON.stringify(outcome))
}

export function reasonOf(outcome: { readonly kind: string; readonly reason?: string }): string {
  return outcome.reason ?? outcome.kind
}

export async function deviceOf(core: Core, { device }: Expected): Promise<Device> {
  return (await core.ledger.read('device', device.id)) ?? assert.fail('no device')
}

export async function certificateOf(core: Core, id: string): Promise<CertificateRecord> {
  return (await core.ledger.read('certificate', id)) ?? assert.fail('no certificate')
}

/** Writes a record as it stands with other values, whatever the rules of core. */
export async function force(core: Core, device: Device, columns: Partial<Device>): Promise<Device> {
  const record = { ...device, ...columns, version: device.version + 1 }
  const refused = await settle({ puts: [{ kind: 'device', record }], events: [] }, core.ledger)
  return refused === undefined ? record : assert.fail(refused.detail)
}

/** Puts certificates like this one into the ledger, as a device in a loop might have left them. */
export async function multiply(
  core: TestCore,
  id: string,
  times: number,
  columns: Partial<CertificateRecord> = {},
): Promise<void> {
  const like = await certificateOf(core, id)
  const puts = Array.from({ length: times }, (): Put => {
    // Positive, as every list demands: X.690 section 8.3.
    const serialNumber = core.random.bytes(16).with(0, 0x40)
    const fresh = { id: newId('certificate', core), serialNumber }
    const record = { ...like, ...fresh, reservedAt: core.clock.now(), sha256: null, version: 1 }
    return { kind: 'certificate', record: { ...record, ...columns } }
  })
  await core.means.ledger.commit({ puts, events: [] })
}

/** A ledger before whose next commit that touches this kind something else happens first. */
export class Interrupted {
  #kind: string | undefined
  #meanwhile: (() => Promise<unknown>) | undefined

  /** For `openTestCore`. */
  readonly replace = ({ ledger }: Means): Replaced => ({
    ledger: {
      read: (kind, id) => ledger.read(kind, id),
      find: (kind, key, values) => ledger.find(kind, key, values),
      list: (kind, query) => ledger.list(kind, query),
      count: (kind, query) => ledger.count(kind, query),
      commit: async (change) => {
        const meanwhile = this.#meanwhile
        if (meanwhile !== undefined && change.puts.some(({ kind }) => kind === this.#kind)) {
          this.#meanwhile = undefined
          await meanwhile()
        }
        return ledger.commit(change)
      },
    },
  })

  beforeNext(kind: Kind, meanwhile: () => Promise<unknown>): void {
    this.#kind = kind
    this.#meanwhile = meanwhile
  }
}

/** Signing keys that wait, once told to, until they are let go. */
export class Held {
  #gate: Promise<void> = Promise.resolve()
  #began: (() => void) | undefined

  readonly replace = ({ keys }: Means): Replaced => ({
    keys: {
      make: (algorithm, keyId, place) => keys.make(algorithm, keyId, place),
      has: (keyId) => keys.has(keyId),
      sign: async (keyId, toBeSigned) => {
        this.#began?.()
        await this.#gate
        return keys.sign(keyId, toBeSigned)
      },
    },
  })

  /** @returns how to let them go, and when a signature was asked for */
  hold(): { readonly release: () => void; readonly began: Promise<void> } {
    const gate = Promise.withResolvers<void>()
    const began = Promise.withResolvers<void>()
    this.#gate = gate.promise
    this.#began = began.resolve
    return { release: gate.resolve, began: began.promise }
  }
}
