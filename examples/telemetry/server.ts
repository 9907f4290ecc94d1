// SPDX-License-Identifier: Apache-2.0
/**
 * An application that infusion pumps report to: over HTTPS to itself, and over MQTT by way of a broker.
 *
 * Pump and server authenticate each other on every connection. A connection goes on for as long as both live, so
 * trust that ends in between has to end the connection: Vitalsign says so by a signed message, and once a minute
 * the server asks by itself, so that a lost message costs a minute and no more.
 *
 *   node server.ts CONFIGURATION.json
 */
import { constants, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import {
  createServer as createPlainServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { connectAsync } from 'mqtt'
import { receiver, type Wish } from '../webhook-receiver/receiver.ts'
import { type Belief, Believer } from './believe.ts'
import { readIdentity } from './identity.ts'
import { parseReading } from './reading.ts'
import { RevocationLists } from './revocation-lists.ts'
import { say } from './say.ts'
import { Sessions } from './sessions.ts'

interface Configuration {
  /** Directories kept by `vitalsign-device --publish`: as a server, and as a client of broker and Vitalsign. */
  readonly serverIdentity: string
  readonly clientIdentity: string
  /** `https://HOST:PORT` of Vitalsign's port for devices. */
  readonly vitalsign: string
  /** The lists of revoked certificates, of issuer and root. */
  readonly lists: readonly string[]
  /** `mqtts://HOST:PORT`. */
  readonly broker: string
  readonly product: string
  /** The public key with which Vitalsign signs its messages (`vitalsign notification key`), PEM. */
  readonly messageKey: string
  /** A directory for what it keeps while it runs. */
  readonly directory: string
}

/** How often a connection that goes on is looked at again. */
const lookAgainMilliseconds = 60_000
/** A reading is some hundred bytes. */
const mostBytes = 4_096

const configuration = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Configuration
const sessions = new Sessions()
const believer = new Believer({ ...configuration, identity: configuration.clientIdentity })
const lists = new RevocationLists({
  urls: configuration.lists,
  file: join(configuration.directory, 'lists.pem'),
  changed: () => pumps.setSecureContext(tlsOptions()),
})

/** What TLS checks of a pump before we see it: a path to our root, a certificate for clients, no list speaks of it. */
function tlsOptions() {
  return {
    ...readIdentity(configuration.serverIdentity),
    crl: readFileSync(join(configuration.directory, 'lists.pem')),
    minVersion: 'TLSv1.3' as const,
    // A resumed connection would show no certificate, and be believed for what it was before.
    secureOptions: constants.SSL_OP_NO_TICKET,
  }
}

const beliefs = new WeakMap<TLSSocket, Promise<Belief>>()

/** Looks at a new connection once; all its requests wait for that. */
async function lookAt(socket: TLSSocket): Promise<Belief> {
  const certificate = socket.getPeerX509Certificate()
  const port = socket.remotePort ?? 0
  if (certificate === undefined) return { kind: 'refused', reason: 'no-certificate', because: '' }
  const belief = await believer.believe(certificate)
  if (belief.kind === 'refused') {
    say({ what: 'refused', over: 'https', reason: belief.reason })
    return belief
  }
  if (!sessions.add({ serial: belief.serial, certificate, socket, port })) {
    say({ what: 'refused', over: 'https', reason: 'barred' })
    return { kind: 'refused', reason: 'barred', because: 'its sessions were ended' }
  }
  say({ what: 'connected', over: 'https', serial: belief.serial, port, by: belief.by })
  return belief
}

/** POST /readings: one reading of the pump that the connection belongs to, whatever the reading says of itself. */
async function takeReading(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const socket = request.socket as TLSSocket
  const belief = await beliefs.get(socket)
  if (belief?.kind !== 'believed') {
    response.writeHead(403, { connection: 'close' }).end(`${belief?.reason}\n`)
    return
  }
  let text = ''
  for await (const more of request.setEncoding('utf8')) {
    text += more
    if (text.length > mostBytes) return void request.destroy()
  }
  const reading = parseReading(text)
  if (request.method !== 'POST' || request.url !== '/readings' || reading === undefined)
    return void response.writeHead(400).end()
  say({ what: 'reading', over: 'https', serial: belief.serial, ...reading })
  response.writeHead(204).end()
}

/** What Vitalsign wants of our connections; every answer counts what ended. */
function carryOut({ want, certificates }: Wish): number {
  let ended = 0
  for (const { sha256 } of certificates) {
    if (want === 'bar') ended += sessions.bar(sha256)
    else if (want === 'drop') ended += sessions.end(sha256)
    else sessions.admit(sha256)
  }
  // The list that TLS looks at says the same, or says no more what was taken back.
  void lists.refresh()
  return ended
}

/** The second net: who is connected is asked about again, in case a message never came. */
async function lookAgain(): Promise<void> {
  for (const { certificate, socket } of sessions.open) {
    const belief = await believer.believe(certificate)
    if (belief.kind === 'refused') socket.destroy()
  }
}

/** Readings that come by way of the broker, which lets each pump write below its own name only. */
async function readFromBroker(): Promise<void> {
  const { key, cert, ca } = readIdentity(configuration.clientIdentity)
  const client = await connectAsync(configuration.broker, { key, cert, ca, reconnectPeriod: 1_000 })
  client.on('message', (topic, payload) => {
    const serial = /^telemetry\/([^/]+)\/readings$/.exec(topic)?.[1]
    const reading = parseReading(payload.toString())
    if (serial !== undefined && reading !== undefined)
      say({ what: 'reading', over: 'mqtt', serial, ...reading })
  })
  client.on('error', () => {})
  await client.subscribeAsync('telemetry/+/readings')
}

async function listen(server: Server): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  return (server.address() as AddressInfo).port
}

// Lists first: without them TLS would let in what is revoked while Vitalsign is away.
const pumps = createServer(
  { requestCert: true, rejectUnauthorized: true, keepAliveTimeout: 60_000 },
  // A pump that goes away in the middle of a reading is no fault of ours.
  (request, response) => void takeReading(request, response).catch(() => request.destroy()),
)
await lists.start()
pumps.on('secureConnection', (socket) => beliefs.set(socket, lookAt(socket)))
// A peer that ends badly, or that TLS refuses, is no fault of ours.
pumps.on('tlsClientError', (error) => {
  say({ what: 'refused', over: 'https', reason: `by TLS: ${codeOf(error)}` })
})
// vitalsign-device tells us so when our own identity was renewed.
process.on('SIGHUP', () => pumps.setSecureContext(tlsOptions()))
const port = await listen(pumps)

const messages = createPlainServer()
const messagePort = await listen(messages)
const address = `http://127.0.0.1:${messagePort}/sessions`
messages.on('request', receiver({ key: configuration.messageKey, address, carryOut }))

setInterval(() => void lookAgain(), lookAgainMilliseconds)
await readFromBroker()
say({ what: 'serving', port, messages: address, as: nameOf(configuration.serverIdentity) })

function nameOf(identity: string): string {
  return new X509Certificate(readIdentity(identity).cert).subject.replaceAll('\n', ', ')
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : error.name
}
