// SPDX-License-Identifier: Apache-2.0
/** What the tests of the API stand on: ports in a few lines each, over whatever ledger they bring. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyBaseLogger, FastifyInstance, InjectOptions } from 'fastify'
import type { AuditEvent } from '#core/audit/event.ts'
import type { RefusedRequest } from '#core/audit/refusal-meter.ts'
import type { Changes } from '#core/devices/watch.ts'
import { Fault } from '#core/fault.ts'
import { newId } from '#core/ledger/ids.ts'
import type { Ledger, Put } from '#core/ledger/ledger.ts'
import type { Authority, CertificateRecord } from '#core/ledger/tables.ts'
import { Attempts } from '#core/people/attempts.ts'
import { readyProfiles } from '#core/policy/ready/ready-profiles.ts'
import type { Clock, Randomness } from '#core/ports.ts'
import type { FrontTrouble } from '#edge/http/converse.ts'
import { sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import { noLists } from '#trust/weak-keys/key-lists.ts'
import { makeAdminApi, type PageFile } from './api.ts'
import type { Door } from './doors/door.ts'
import { localDoor } from './doors/local.ts'
import { operatorDoor } from './doors/operator.ts'
import { anchorVerbs } from './ledger-verbs/anchors.ts'
import { attestationVerbs } from './ledger-verbs/attestation.ts'
import { certificateVerbs } from './ledger-verbs/certificates.ts'
import { deviceVerbs } from './ledger-verbs/devices.ts'
import { elementVerbs } from './ledger-verbs/elements.ts'
import { keyVerbs } from './ledger-verbs/keys.ts'
import { peopleVerbs } from './ledger-verbs/people.ts'
import type { LedgerVerbPorts } from './ledger-verbs/ports.ts'
import { productVerbs } from './ledger-verbs/products.ts'
import { profileVerbs } from './ledger-verbs/profiles.ts'
import { requestVerbs } from './ledger-verbs/requests.ts'
import { vendorVerbs } from './ledger-verbs/vendors.ts'
import { watchVerbs } from './ledger-verbs/watch.ts'
import type { Verbs } from './verbs.ts'

export const origin = 'http://localhost:8081'
export const passphrase = 'seven green kettles sing'

/** A clock that stands still until it is moved, and chance that is the same for the same seed. */
export class TestPorts {
  #now = Temporal.Instant.from('2027-01-01T00:00:00Z')
  #state: number

  constructor(seed = 1) {
    this.#state = seed
  }

  readonly clock: Clock = { now: () => this.#now }

  readonly random: Randomness = {
    bytes: (count) =>
      Uint8Array.from({ length: count }, () => {
        this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0 // Numerical Recipes
        return this.#state >>> 24
      }),
  }

  pass(span: Temporal.DurationLike): void {
    this.#now = this.#now.add(span)
  }
}

/** The API at every door over one ledger, with what it told and logged. */
export class TestHouse {
  readonly ports: TestPorts
  readonly ledger: Ledger
  readonly events: AuditEvent[] = []
  readonly told: RefusedRequest[] = []
  readonly troubles: FrontTrouble[] = []
  /** While true, nothing can be written. */
  isFull = false
  /** Those that need the ledger and nothing else. */
  verbs: Partial<Verbs>
  readonly #subscribers = new Set<(event: AuditEvent) => void>()

  constructor(ledger: Ledger, ports = new TestPorts()) {
    this.ports = ports
    this.ledger = {
      read: (kind, id) => ledger.read(kind, id),
      find: (kind, key, values) => ledger.find(kind, key, values),
      list: (kind, query) => ledger.list(kind, query),
      count: (kind, query) => ledger.count(kind, query),
      commit: async (change) => {
        if (this.isFull) throw new Fault('store-full', 'no space is left')
        const committed = await ledger.commit(change)
        if (committed.kind === 'committed') this.#hear(change.events)
        return committed
      },
    }
    this.verbs = ledgerVerbs(this.#verbPorts())
  }

  #verbPorts(): LedgerVerbPorts {
    const { ledger, ports } = this
    return {
      ledger,
      clock: ports.clock,
      random: ports.random,
      attempts: new Attempts(),
      environment: 'trial',
      keyLists: noLists,
      // Quick and plain, for tests only; argon2.test.ts tries the real one.
      hasher: {
        hash: async (text) => `test:${text.length}:${text}`,
        verify: async (hash, text) => hash === `test:${text.length}:${text}`,
      },
      history: {
        about: async (subject, limit) =>
          this.events
            .filter((event) => event.subjects.includes(subject))
            .reverse()
            .slice(0, limit)
            .map((event) => ({
              index: null,
              type: event.type,
              at: event.at.toString(),
              actor: event.actor,
              subjects: [...event.subjects],
              facts: event.facts,
            })),
      },
      changes: this.#changes,
    }
  }

  readonly #changes: Changes = {
    subscribe: ({ subject }, until) => {
      const unread: AuditEvent[] = []
      let wake = Promise.withResolvers<void>()
      const hear = (event: AuditEvent) => {
        if (!event.subjects.includes(subject)) return
        unread.push(event)
        wake.resolve()
      }
      this.#subscribers.add(hear)
      until.addEventListener('abort', () => wake.resolve(), { once: true })
      const subscribers = this.#subscribers
      return (async function* () {
        while (!until.aborted) {
          yield* unread.splice(0)
          await wake.promise
          wake = Promise.withResolvers()
        }
        subscribers.delete(hear)
      })()
    },
  }

  /** Subscriptions that stand. */
  get watchers(): number {
    return this.#subscribers.size
  }

  #hear(events: readonly AuditEvent[]): void {
    for (const event of events) {
      this.events.push(event)
      for (const hear of this.#subscribers) hear(event)
    }
  }

  api(
    door: Door,
    pages?: ReadonlyMap<string, PageFile>,
    logger?: FastifyBaseLogger,
  ): Promise<FastifyInstance> {
    return makeAdminApi({
      door,
      loadVerb: async (name) => this.verbs[name] ?? notHere,
      clock: this.ports.clock,
      random: this.ports.random,
      version: '0.0.0',
      report: (trouble) => void this.troubles.push(trouble),
      refusals: { note: async (refused) => void this.told.push(refused) },
      ...(pages === undefined ? {} : { pages }),
      ...(logger === undefined ? {} : { logger }),
    })
  }

  operatorApi(): Promise<FastifyInstance> {
    const { clock, random } = this.ports
    return this.api(operatorDoor({ ledger: this.ledger, clock, random, origins: [origin] }))
  }

  localApi(): Promise<FastifyInstance> {
    return this.api(localDoor())
  }

  /**
   * An issuing authority as far as the API looks at it, with the ready profiles for devices; nothing
   * can be issued by it.
   */
  async addAuthority(changes: Partial<Authority> = {}): Promise<Authority> {
    const id = newId('authority', this.ports)
    const authority: Authority = {
      id,
      version: 1,
      name: `issuing ${id.slice(-6)}`,
      kind: 'issuing',
      environment: 'trial',
      algorithm: 'p-256',
      parent: null,
      key: null,
      certificate: this.ports.random.bytes(40),
      certificateSha256: this.ports.random.bytes(32),
      subjectKeyIdentifier: this.ports.random.bytes(20),
      state: 'active',
      notAfter: Temporal.Instant.from('2029-01-01T00:00:00Z'),
      issueUntil: Temporal.Instant.from('2028-01-01T00:00:00Z'),
      successor: null,
      createdAt: this.ports.clock.now(),
      ...{ products: [], crlNumberFrom: null, origin: null, twin: null, keyEverHere: null },
      ...changes,
    }
    await this.ledger.commit({ puts: [{ kind: 'authority', record: authority }], events: [] })
    await this.#addProfiles()
    return authority
  }

  /** As founding stores them; a second time it changes nothing. */
  async #addProfiles(): Promise<void> {
    const puts = [readyProfiles.ldevid, readyProfiles.idevid].map((document): Put => {
      const { name } = document
      const createdAt = this.ports.clock.now()
      const id = newId('profile', this.ports)
      return {
        kind: 'profile',
        record: { id, version: 1, name, number: 1, document, author: 'house', createdAt },
      }
    })
    await this.ledger.commit({ puts, events: [] })
  }
}

/** A certificate record with its bytes, if it was signed. */
export async function bookCertificate(
  house: TestHouse,
  changes: Partial<CertificateRecord>,
  der?: Uint8Array,
) {
  const { ports, ledger } = house
  const now = ports.clock.now()
  const record: CertificateRecord = {
    id: newId('certificate', ports),
    version: 1,
    serialNumber: ports.random.bytes(16),
    authority: newId('authority', ports),
    profile: 'ldevid',
    profileVersion: 1,
    kind: 'working',
    owner: newId('device', ports),
    product: null,
    subject: 'CN=PUMP',
    deviceSerial: null,
    lot: null,
    key: newId('key', ports),
    algorithm: 'p-256',
    state: 'issued',
    notBefore: now,
    notAfter: now.add({ hours: 24 * 90 }),
    toBeSignedSha256: ports.random.bytes(32),
    sha256: der === undefined ? null : sha256(der),
    enrolment: null,
    shard: 0,
    reservedAt: now,
    issuedAt: now,
    usedAt: null,
    replaces: null,
    revokedAt: null,
    revocationReason: null,
    revocation: null,
    retiresAt: null,
    ...changes,
  }
  const puts: Put[] = [{ kind: 'certificate', record }]
  if (der !== undefined) puts.push({ kind: 'encoding', record: { id: record.id, version: 1, der } })
  const committed = await ledger.commit({ puts, events: [] })
  if (committed.kind !== 'committed') throw new Error(`cannot book: ${committed.rule}`)
  return record
}

function ledgerVerbs(ports: LedgerVerbPorts): Partial<Verbs> {
  return {
    ...peopleVerbs(ports),
    ...productVerbs(ports),
    ...deviceVerbs(ports),
    ...attestationVerbs(ports),
    ...certificateVerbs(ports),
    ...profileVerbs(ports),
    ...requestVerbs(ports),
    ...vendorVerbs(ports),
    ...elementVerbs(ports),
    ...keyVerbs(ports),
    ...watchVerbs(ports),
    ...anchorVerbs(ports),
  }
}

const notHere = async () => refuse('not-implemented', 'this room is not in the test')

/** What a client of the API does, and what it hears. */
export class TestClient {
  readonly #api: FastifyInstance
  #cookie = ''

  constructor(api: FastifyInstance) {
    this.#api = api
  }

  async ask(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body?: object | string,
    headers: Record<string, string> = {},
  ) {
    const asked: InjectOptions = {
      method,
      url: `/api/v1${path}`,
      headers: { host: 'localhost:8081', origin, cookie: this.#cookie, ...headers },
      ...(body === undefined ? {} : { payload: body }),
    }
    const answer = await this.#api.inject(asked)
    const [session] = answer.cookies
    if (session !== undefined) this.#cookie = `${session.name}=${session.value}`
    const isJson =
      String(answer.headers['content-type']).includes('json') &&
      !String(answer.headers['content-type']).includes('ndjson')
    return {
      status: answer.statusCode,
      headers: answer.headers,
      text: answer.body,
      document: isJson ? answer.json() : undefined,
    }
  }

  get cookie(): string {
    return this.#cookie
  }
}

/** How a test opens its ledger; an edge's own file may not reach for the store. */
type OpenStore = (
  directory: string,
  ports: TestPorts,
  settings: { readonly synchronous: 'OFF'; readonly maxPages: 0 },
) => Promise<{ readonly ledger: Ledger; close(): Promise<void> }>

export interface Stage {
  readonly house: TestHouse
  /** A browser without a session. */
  browser(): TestClient
  /** The local administrator. */
  readonly local: TestClient
}

/** A fresh house on a real store, open at the operator port and at its socket. */
export async function withHouse(
  openStore: OpenStore,
  work: (stage: Stage) => Promise<void>,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'vitalsign-admin-'))
  const ports = new TestPorts()
  const store = await openStore(directory, ports, { synchronous: 'OFF', maxPages: 0 })
  const house = new TestHouse(store.ledger, ports)
  const [operator, local] = await Promise.all([house.operatorApi(), house.localApi()])
  try {
    await work({
      house,
      browser: () => new TestClient(operator),
      local: new TestClient(local),
    })
  } finally {
    await Promise.all([operator.close(), local.close()])
    await store.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

/** The first administrator, signed in. */
export async function claimed(
  { browser, local }: Stage,
  name = 'Ada Administrator',
): Promise<TestClient> {
  const link = await local.ask('POST', '/claim/link', {})
  const client = browser()
  const { token } = link.document
  const answer = await client.ask('POST', '/claim', { token, name, passphrase, maker: 'Acme' })
  if (answer.status !== 201) throw new Error(`cannot claim: ${answer.text}`)
  return client
}

/** Somebody invited and joined, signed in. */
export async function joined(
  { browser }: Stage,
  administrator: TestClient,
  name: string,
  role: string,
): Promise<TestClient> {
  const { document } = await administrator.ask('POST', '/people', { name, role })
  const client = browser()
  const answer = await client.ask('POST', '/people/join', {
    token: document.link.token,
    passphrase,
  })
  if (answer.status !== 200) throw new Error(`cannot join: ${answer.text}`)
  return client
}
