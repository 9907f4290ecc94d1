// SPDX-License-Identifier: Apache-2.0
/**
 * A real Mosquitto for tests: mutual TLS, the identity from the client's certificate, and the dynamic-security
 * plugin; in a directory of its own, on a free port, as the user who runs the test.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

const program = '/usr/sbin/mosquitto'
const plugin = '/usr/lib/x86_64-linux-gnu/mosquitto_dynamic_security.so'

/** The reason to skip what needs Mosquitto, or false; with PEERS=required it is never skipped. */
export const withoutMosquitto =
  (existsSync(program) && existsSync(plugin)) || process.env['PEERS'] === 'required'
    ? false
    : 'peer not installed: mosquitto'

export interface MosquittoOptions {
  /** Roots of clients, and the issuers below them, PEM. */
  readonly anchors: string
  /** The broker's own certificate with its chain, PEM, and its key. */
  readonly certificate: string
  readonly key: string
  /** User names, as the broker reads them from certificates, that administer dynamic security and read the log. */
  readonly administrators: readonly string[]
  /** What of a client's certificate is its user name: the common name, or the whole subject. */
  readonly identity?: 'common-name' | 'subject'
  /** Revocation lists, PEM: what no list speaks of is then refused. */
  readonly crl?: string
  /** What is allowed whom the plugin does not know; else each client everything below `telemetry/USER/`. */
  readonly acl?: string
  /** Clients that the plugin knows from the start, each with all of `telemetry/#`. */
  readonly clients?: readonly string[]
  /** Whether the broker tells administrators who comes and goes; it does if this says nothing. */
  readonly tellsLog?: boolean
}

/** A running broker. */
export class Mosquitto {
  readonly directory: string
  readonly port: number
  #child: ChildProcess | undefined
  #log = ''
  #watchers = new Set<() => void>()

  constructor(directory: string, port: number) {
    this.directory = directory
    this.port = port
  }

  /** `mqtts://localhost:PORT`. */
  get url(): string {
    return `mqtts://localhost:${this.port}`
  }

  /** Everything that it wrote since it was made, restarts included. */
  get log(): string {
    return this.#log
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Starts it; resolves once it listens. @throws Error with its log if it ends before */
  async start(): Promise<void> {
    const from = this.#log.length
    const child = spawn(program, ['-c', join(this.directory, 'mosquitto.conf')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#child = child
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#log += text
      for (const watcher of this.#watchers) watcher()
    })
    const ended = once(child, 'close').then(() => {
      if (this.#child === child) this.#child = undefined
      for (const watcher of this.#watchers) watcher()
    })
    await Promise.race([this.heard(/mosquitto version [\d.]+ running/, from), ended])
    if (this.#child === undefined) throw new Error(`mosquitto ended: ${this.#log.slice(from)}`)
  }

  /** Resolves once its log, from a place on, matches; `log.length` is the place of now. */
  heard(pattern: RegExp, from = 0): Promise<RegExpMatchArray> {
    const { promise, resolve } = Promise.withResolvers<RegExpMatchArray>()
    const look = () => {
      const found = this.#log.slice(from).match(pattern)
      if (found === null) return
      this.#watchers.delete(look)
      resolve(found)
    }
    this.#watchers.add(look)
    look()
    return promise
  }

  /** Ends it in good order; clients lose their connections. */
  async stop(): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    const ended = once(child, 'close')
    child.kill('SIGCONT')
    child.kill('SIGTERM')
    await ended
  }

  /** Replaces its revocation lists as a careful program does, and has it read them. */
  async reload(crl?: string): Promise<void> {
    if (crl !== undefined) {
      writeFileSync(join(this.directory, 'crl.new'), crl)
      renameSync(join(this.directory, 'crl.new'), join(this.directory, 'crl.pem'))
    }
    const from = this.#log.length
    this.#child?.kill('SIGHUP')
    await this.heard(/Reloading config/, from)
  }

  /** Holds the process still: connections stay open, and nobody answers. */
  suspend(): void {
    this.#child?.kill('SIGSTOP')
  }

  resume(): void {
    this.#child?.kill('SIGCONT')
  }

  /** Ends it, and takes its directory away. */
  async remove(): Promise<void> {
    await this.stop()
    rmSync(this.directory, { recursive: true, force: true })
  }
}

/** Makes a broker and starts it; whoever does must `remove` it. */
export async function startMosquitto(options: MosquittoOptions): Promise<Mosquitto> {
  const directory = mkdtempSync(join(tmpdir(), 'vitalsign-mosquitto-'))
  // The port is found before it is taken: if somebody else was faster, another one is tried.
  for (let left = 5; ; left--) {
    const port = await freePort()
    writeFiles(directory, port, options)
    const broker = new Mosquitto(directory, port)
    try {
      await broker.start()
      return broker
    } catch (error) {
      if (left > 0 && broker.log.includes('Address already in use')) continue
      rmSync(directory, { recursive: true, force: true })
      throw error
    }
  }
}

function writeFiles(directory: string, port: number, options: MosquittoOptions): void {
  const put = (name: string, text: string) => {
    writeFileSync(join(directory, name), text, { mode: 0o600 })
    return join(directory, name)
  }
  const { crl, acl = 'pattern readwrite telemetry/%u/#\n', tellsLog = true } = options
  const lines = [
    // Started by root it would become a user who cannot read the files of the test.
    `user ${userInfo().username}`,
    `listener ${port} 127.0.0.1`,
    `cafile ${put('ca.pem', options.anchors)}`,
    `certfile ${put('server.pem', options.certificate)}`,
    `keyfile ${put('server.key', options.key)}`,
    ...(crl === undefined ? [] : [`crlfile ${put('crl.pem', crl)}`]),
    'require_certificate true',
    options.identity === 'subject'
      ? 'use_subject_as_username true'
      : 'use_identity_as_username true',
    'allow_anonymous false',
    `plugin ${plugin}`,
    `plugin_opt_config_file ${put('dynamic-security.json', dynamicSecurity(options))}`,
    `acl_file ${put('acl', acl)}`,
    'log_dest stderr',
    ...(tellsLog ? ['log_dest topic'] : []),
    ...['error', 'warning', 'notice', 'information'].map((type) => `log_type ${type}`),
    'connection_messages true',
    'set_tcp_nodelay true',
  ]
  put('mosquitto.conf', `${lines.join('\n')}\n`)
}

function dynamicSecurity({ administrators, clients = [] }: MosquittoOptions): string {
  const allow = (acltype: string, topic: string) => ({ acltype, topic, allow: true })
  const hear = (topic: string) => [
    allow('publishClientReceive', topic),
    allow('subscribePattern', topic),
  ]
  const all = (topic: string) => [allow('publishClientSend', topic), ...hear(topic)]
  const withRole = (rolename: string) => (username: string) => ({ username, roles: [{ rolename }] })
  return JSON.stringify({
    defaultACLAccess: {
      ...{ publishClientSend: false, publishClientReceive: true },
      ...{ subscribe: false, unsubscribe: true },
    },
    clients: [
      ...administrators.map(withRole('administrator')),
      ...clients.map(withRole('telemetry')),
    ],
    groups: [],
    roles: [
      {
        rolename: 'administrator',
        acls: [...all('$CONTROL/dynamic-security/#'), ...hear('$SYS/#')],
      },
      { rolename: 'telemetry', acls: all('telemetry/#') },
    ],
  })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  server.close()
  await once(server, 'close')
  return address.port
}
