// SPDX-License-Identifier: Apache-2.0
/** A whole house on free ports and a directory of its own, for journeys; and what a test asks of it. */
import { type KeyObject, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AuditEvent, EventType } from '#core/audit/event.ts'
import { addDevice } from '#core/devices/add.ts'
import { newCode } from '#core/devices/code.ts'
import { addProduct } from '#core/devices/product.ts'
import type { Device, Product } from '#core/ledger/tables.ts'
import { parseCertsOnly } from '#format/cms/certs-only.ts'
import { encodePem } from '#format/pem.ts'
import type { RequestAttribute } from '#format/x509/attribute.ts'
import { encodeSigned, parseCertificate } from '#format/x509/certificate.ts'
import { encodeCertificationRequestInfo } from '#format/x509/certification-request.ts'
import type { Extension } from '#format/x509/extension.ts'
import { encodeName, type Name } from '#format/x509/name.ts'
import { readConfiguration } from '#house/configuration.ts'
import { type House, openHouse, type Replacements } from '#house/house.ts'
import { type KeyAlgorithmName, signatureAlgorithmFor } from '#trust/algorithms.ts'
import { encodePrivateKey, generateKey, type KeyPair, sign } from '#trust/private-key.ts'

const operator = { kind: 'person', id: 'test' } as const

export interface TestHouse extends House {
  readonly directory: string
  /** What was reported as broken so far. */
  readonly troubles: readonly unknown[]
  /** Stops it; the directory stays, so that it can be opened again. */
  stop(): Promise<void>
}

/** Unlocking that costs next to nothing; what it costs in truth is the keystore's own test's matter. */
const cheap = { memoryKiB: 64, passes: 1, lanes: 1 }

const directories: string[] = []
process.on('exit', () => {
  for (const one of directories) rmSync(one, { recursive: true, force: true })
})

/** A directory that goes when the process does. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'vitalsign-test-'))
  directories.push(directory)
  return directory
}

/** Opens a house on free ports; `words` are further options of `serve`. */
export async function openTestHouse(
  directory = temporaryDirectory(),
  replacements: Replacements = {},
  words: readonly string[] = [],
): Promise<TestHouse> {
  const troubles: unknown[] = []
  const configuration = readConfiguration([
    ...['--data', directory, '--listen', '127.0.0.1:0'],
    ...['--operator-listen', '127.0.0.1:0', '--status-listen', '127.0.0.1:0'],
    ...words,
  ])
  const report = (what: string, cause: unknown) => void troubles.push(what, cause)
  const house = await openHouse(configuration, report, { keyCost: cheap, ...replacements })
  return { ...house, directory, troubles, stop: () => house.close() }
}

/** The words that make a house one node of several: the database, and a name that leads to all of them. */
export function sharedWords(database: string): readonly string[] {
  return ['--database', database, '--public-url', 'http://pki.test']
}

/** A directory whose unlock file has the passphrase that all nodes of a test share. */
export function nodeDirectory(passphrase = 'the passphrase of all nodes'): string {
  const directory = temporaryDirectory()
  writeFileSync(join(directory, 'unlock'), `${passphrase}\n`, { mode: 0o600 })
  return directory
}

/** Resolves when a house has taken note of an event of another node, or of having missed some. */
export function heardElsewhere(
  { feed }: House,
  what: EventType | 'missed',
): Promise<AuditEvent | undefined> {
  const { promise, resolve } = Promise.withResolvers<AuditEvent | undefined>()
  // Followers are told in their order, each after the one before has done its work: this one is the last.
  const unfollow = feed.followElsewhere((news) => {
    const event = news.kind === 'events' ? news.events.find(({ type }) => type === what) : undefined
    if (event === undefined && news.kind !== what) return
    unfollow()
    resolve(event)
  })
  return promise
}

/** Adds a product with its entrances `NAME` and `NAME-birth`. */
export async function withProduct({ core }: House, name = 'pump'): Promise<Product> {
  const added = await addProduct({ name, exposure: 'therapy', maker: 'Acme' }, operator, core)
  if (added.kind === 'refused') throw new Error(added.detail)
  return added.product
}

/** Expects a device. */
export async function withDevice(
  { core }: House,
  product: Product,
  serial: string,
): Promise<Device> {
  const particulars = { hardwareRevision: null, lot: null, udiDi: null }
  const added = await addDevice({ serial, ...particulars }, product, operator, core)
  if (added.kind === 'refused') throw new Error(added.detail)
  return added.device
}

/** Makes a one-time code for a device. */
export async function withCode({ core }: House, device: Device): Promise<string> {
  const made = await newCode(device, 24, operator, core)
  if (made.kind === 'refused') throw new Error(made.detail)
  return made.text
}

export interface RequestFields {
  readonly subject?: Name
  readonly extensions?: readonly Extension[]
  readonly attributes?: readonly RequestAttribute[]
}

/** A PKCS #10 request signed by its key, DER. */
export async function requestBy(
  { privateKey, publicKey }: KeyPair,
  fields: RequestFields = {},
): Promise<Uint8Array> {
  const info = encodeCertificationRequestInfo({
    subject: fields.subject ?? encodeName([]),
    publicKey: publicKey.spki,
    extensions: fields.extensions ?? [],
    attributes: fields.attributes ?? [],
  })
  const algorithm = signatureAlgorithmFor(publicKey.algorithm)
  return encodeSigned(info, algorithm.identifier, await sign(privateKey, algorithm, info))
}

/** What a device holds after an enrolment. */
export interface Credential {
  readonly key: KeyPair
  /** DER. */
  readonly certificate: Uint8Array
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

export interface EstCall {
  readonly label?: string
  /** HTTP Basic: serial and code. */
  readonly user?: string
  readonly code?: string
  /** The client certificate of the connection. */
  readonly credential?: Credential
  /** Further certificates that the client sends, DER. */
  readonly chain?: readonly Uint8Array[]
}

/** Posts DER to an EST operation over a fresh connection, as a device would. */
export function postEst(
  house: House,
  operation: string,
  request: Uint8Array | string,
  call: EstCall = {},
): Promise<Answer> {
  const body = typeof request === 'string' ? request : request.toBase64()
  const path = `/.well-known/est/${call.label === undefined ? '' : `${call.label}/`}${operation}`
  const authorization =
    call.code === undefined
      ? {}
      : { Authorization: `Basic ${Buffer.from(`${call.user}:${call.code}`).toString('base64')}` }
  const headers = { 'Content-Type': 'application/pkcs10', ...authorization }
  return ask(house, 'POST', path, { ...call, headers, body })
}

export interface AskOptions extends EstCall {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** One request to the device port over a fresh connection; the server is verified against the root. */
export function ask(
  house: House,
  method: string,
  path: string,
  options: AskOptions = {},
): Promise<Answer> {
  const { host, port } = house.addresses.devices
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const tls = { ca: rootPem(house), agent: false, ...clientIdentity(options) }
  const sent = httpsRequest(
    { host, port, method, path, headers: options.headers ?? {}, ...tls },
    (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('error', reject)
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      )
    },
  )
  sent.on('error', reject)
  sent.end(options.body)
  return promise
}

/** One GET from the status port. */
export function fetchStatus(
  house: House,
  path: string,
): Promise<{ status: number; body: Uint8Array }> {
  const { host, port } = house.addresses.status
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: Uint8Array }>()
  httpRequest({ host, port, path, agent: false }, (answer) => {
    const chunks: Buffer[] = []
    answer.on('data', (chunk: Buffer) => chunks.push(chunk))
    answer.on('end', () =>
      resolve({ status: answer.statusCode ?? 0, body: new Uint8Array(Buffer.concat(chunks)) }),
    )
  })
    .on('error', reject)
    .end()
  return promise
}

/** The root of the house, PEM. */
export function rootPem({ core }: House): string {
  const root = core.doors.own.find(({ kind }) => kind === 'root')
  if (root === undefined) throw new Error('the house has no root')
  return encodePem('CERTIFICATE', root.certificate)
}

/** The one certificate of an EST answer, DER. @throws Error with the answer if there is none */
export function certificateIn(answer: Answer): Uint8Array {
  if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.body}`)
  const [certificate, ...more] = parseCertsOnly(Uint8Array.fromBase64(answer.body))
  if (certificate === undefined || more.length > 0) throw new Error('not exactly one certificate')
  return certificate
}

/** Takes a new device through its first enrolment with a code. */
export async function enrolled(
  house: House,
  product: Product,
  serial: string,
  options: { readonly algorithm?: KeyAlgorithmName; readonly label?: string } = {},
): Promise<Credential & { readonly device: Device }> {
  const device = await withDevice(house, product, serial)
  const code = await withCode(house, device)
  const key = await generateKey(options.algorithm ?? 'p-256')
  const label = options.label === undefined ? {} : { label: options.label }
  const answer = await postEst(house, 'simpleenroll', await requestBy(key), {
    ...{ user: serial, code },
    ...label,
  })
  return { key, certificate: certificateIn(answer), device }
}

/** The request that renews a certificate: its subject and alternative names, to the byte. */
export function renewalBy(
  key: KeyPair,
  certificate: Uint8Array,
  { attributes = [] }: Pick<RequestFields, 'attributes'> = {},
): Promise<Uint8Array> {
  const { subject, extensions } = parseCertificate(certificate)
  const names = extensions.filter(({ oid }) => oid === '2.5.29.17')
  return requestBy(key, { subject, extensions: names, attributes })
}

/** Whether node, as a second opinion, finds the certificate signed by the house's issuer. */
export function isIssuedBy({ core }: House, certificate: Uint8Array): boolean {
  const leaf = new X509Certificate(certificate)
  return core.doors.own.some(({ certificate: own }) => {
    const issuer = new X509Certificate(own)
    return leaf.checkIssued(issuer) && leaf.verify(issuer.publicKey)
  })
}

function clientIdentity({ credential, chain = [] }: EstCall) {
  if (credential === undefined) return {}
  const certificates = [credential.certificate, ...chain]
  return {
    key: pemOf(credential.key.privateKey),
    cert: certificates.map((der) => encodePem('CERTIFICATE', der)).join(''),
  }
}

function pemOf(key: KeyObject): string {
  return encodePem('PRIVATE KEY', encodePrivateKey(key))
}
