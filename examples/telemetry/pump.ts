// SPDX-License-Identifier: Apache-2.0
/**
 * A simulated infusion pump: it infuses nothing, and reports how much, over HTTPS to the server and over MQTT to the
 * broker. Its identity is the one that `vitalsign-device` keeps; whom it believes is its root.
 *
 *   node pump.ts CONFIGURATION.json
 */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'mqtt'
import { readIdentity } from './identity.ts'
import { say, type Way } from './say.ts'

interface Configuration {
  /** The directory kept by `vitalsign-device --publish`. */
  readonly identity: string
  /** `https://HOST:PORT`. */
  readonly server: string
  /** `mqtts://HOST:PORT`. */
  readonly broker: string
}

const { identity, server, broker } = JSON.parse(
  readFileSync(process.argv[2] ?? '', 'utf8'),
) as Configuration
/** As it stands in our own certificate. */
const serial =
  /^CN=(.*)$/m.exec(new X509Certificate(readIdentity(identity).cert).subject)?.[1] ?? ''

const everyMilliseconds = 250
/** A pump that was cut off does not hammer. */
const againMilliseconds = 500
const millilitresPerHour = 20 + Math.round(Math.random() * 80)
const began = Date.now()

function reading(): string {
  const hours = (Date.now() - began) / 3_600_000
  return JSON.stringify({
    millilitresPerHour,
    millilitresInfused: Math.round(millilitresPerHour * hours * 1e4) / 1e4,
  })
}

/**
 * One connection that is kept, with a request for each reading; a new one where it was lost.
 *
 * The server has to show a certificate for servers, for its name, that leads to our root: Node checks all of it,
 * unless somebody turns it off (`rejectUnauthorized: false`).
 */
async function reportByHttps(): Promise<never> {
  for (;;) {
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ...readIdentity(identity) })
    try {
      for (;;) {
        notice(await post(agent))
        await sleep(everyMilliseconds)
      }
    } catch (error) {
      agent.destroy()
      say({ what: 'refused', over: 'https', serial, reason: reasonOf(error) })
      await sleep(againMilliseconds)
    }
  }
}

/** Sends one reading. @returns the connection that took it; rejects if none did */
function post(agent: Agent): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>()
  const headers = { 'content-type': 'application/json' }
  const options = { method: 'POST', agent, headers }
  const sent = request(new URL('/readings', server), options, (answer) => {
    const { socket } = answer
    answer.on('error', reject)
    answer.resume().on('end', () => {
      if (answer.statusCode === 204) resolve(socket)
      else reject(new Error(`the server answers ${answer.statusCode}`))
    })
  })
  sent.on('error', reject)
  sent.end(reading())
  return promise
}

const noticed = new WeakSet<Socket>()

/** Tells of a connection when it took its first reading, and when it is gone. */
function notice(socket: Socket): void {
  if (noticed.has(socket)) return
  noticed.add(socket)
  const { localPort: port = 0 } = socket
  say({ what: 'connected', over: 'https', serial, port })
  socket.once('close', () => say({ what: 'lost', over: 'https', serial, port }))
}

function reportByMqtt(): void {
  const { key, cert, ca } = readIdentity(identity)
  const client = connect(broker, {
    ...{ key, cert, ca, clientId: serial, reconnectPeriod: againMilliseconds, resubscribe: false },
  })
  let port = 0
  const tell = (what: 'connected' | 'lost', over: Way) => say({ what, over, serial, port })
  client.on('connect', () => {
    port = portOf(client.stream)
    tell('connected', 'mqtt')
  })
  client.on('close', () => {
    if (port !== 0) tell('lost', 'mqtt')
    port = 0
  })
  client.on('error', (error) => {
    say({ what: 'refused', over: 'mqtt', serial, reason: reasonOf(error) })
  })
  setInterval(() => {
    if (client.connected) client.publish(`telemetry/${serial}/readings`, reading(), { qos: 0 })
  }, everyMilliseconds)
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function portOf(stream: unknown): number {
  const { localPort } = stream as { readonly localPort?: number }
  return localPort ?? 0
}

reportByMqtt()
await reportByHttps()
