// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { Fault } from '#core/fault.ts'
import type { ListenAddress } from '#edge/http/front.ts'
import { type PostgresSettings, parseTarget } from '#edge/store/postgres/target.ts'
import { type KeyAlgorithmName, keyAlgorithmsFor } from '#trust/algorithms.ts'
import { type LogLevel, logLevels } from './log-level.ts'

/**
 * All that is needed to open sockets, database and keys; everything else is versioned rows.
 *
 * Read once, from `DIR/vitalsign.json` if there is one, then from the command line, which wins.
 */
export interface Configuration {
  /** Where everything is kept; made on first use. */
  readonly data: string
  /** The devices' door: TLS. */
  readonly listen: ListenAddress
  /** The operators' door: plain HTTP, so it must be loopback. */
  readonly operatorListen: ListenAddress
  /** Status, issuers and log: plain HTTP, public by nature. */
  readonly statusListen: ListenAddress
  /** For proxies that pass TLS through with a PROXY header, and from where they call; undefined: none do. */
  readonly proxied: { readonly listen: ListenAddress; readonly from: readonly string[] } | undefined
  /** Names and addresses under which devices reach the server, besides where it listens. */
  readonly names: readonly string[]
  /** The base of the addresses that are written into certificates, without a trailing slash. */
  readonly publicUrl: string | undefined
  /** Asked at the first start only: fixed at birth. */
  readonly environment: 'trial' | 'test' | 'production'
  /** Asked at the first start only: the issuing authority's key. */
  readonly algorithm: KeyAlgorithmName
  /** Asked at the first start only: the root's key. */
  readonly rootAlgorithm: KeyAlgorithmName
  /** Asked at the first start only: whether authorities that withstand quantum computers stand beside. */
  readonly twin: boolean
  /** A file with the passphrase of the keys; undefined: a systemd credential, `DIR/unlock`, or a prompt. */
  readonly passphraseFile: string | undefined
  /** The database that several nodes share; undefined: SQLite in the data directory. */
  readonly database: PostgresSettings | undefined
  /** How long a node that was told to stop serves on while `/readyz` says no, in seconds. */
  readonly drainSeconds: number
  /** Networks that may read `/metrics`, besides this machine itself: `ADDRESS` or `ADDRESS/BITS`. */
  readonly metricsFrom: readonly string[]
  /** How much the log tells; undefined: `info`, and `warn` where it goes to a terminal. */
  readonly logLevel: LogLevel | undefined
  /** The bytes of the configuration file, for its event; undefined: there is none. */
  readonly file: Uint8Array | undefined
}

type Words = Readonly<Record<string, string | undefined>>

/** The words that may stand on the command line and in the file alike, with their defaults and help. */
export const settings = {
  data: { fallback: './data', help: 'the data directory, made on first use' },
  listen: { fallback: '127.0.0.1:8443', help: "the devices' address (TLS)" },
  'operator-listen': { fallback: '127.0.0.1:8081', help: "the operators' address (loopback)" },
  'proxy-listen': {
    fallback: '',
    help: 'a second address of devices, for proxies that pass TLS through',
  },
  'proxy-from': { fallback: '', help: 'addresses or CIDR ranges of those proxies, by commas' },
  'status-listen': { fallback: '127.0.0.1:8080', help: 'the address of status, issuers and log' },
  names: { fallback: '', help: 'further names of this server, separated by commas' },
  'public-url': { fallback: '', help: 'base of the addresses written into certificates' },
  environment: { fallback: 'trial', help: 'trial, test or production; fixed at the first start' },
  algorithm: { fallback: 'p-256', help: "the issuing authority's key; fixed at the first start" },
  'root-algorithm': { fallback: 'p-384', help: "the root's key; fixed at the first start" },
  twin: {
    fallback: '',
    help: 'a chain that withstands quantum computers beside; at the first start',
  },
  'passphrase-file': { fallback: '', help: 'a file with the passphrase that unlocks the keys' },
  database: { fallback: '', help: 'postgres://USER@HOST/NAME, shared by several servers' },
  'database-password-file': { fallback: '', help: "a file with the database's password" },
  'database-ca-file': { fallback: '', help: "the authorities of the database's certificate, PEM" },
  drain: { fallback: '0', help: 'seconds to serve on after /readyz says that it stops' },
  'metrics-from': { fallback: '', help: 'networks that may read /metrics, separated by commas' },
  'log-level': { fallback: '', help: 'silent, error, warn, info or debug' },
} as const

type SettingName = keyof typeof settings

/** On the command line they stand alone; in the file they are "yes" or "no". */
const switches: ReadonlySet<string> = new Set<SettingName>(['twin'])

/**
 * @throws Fault `configuration-wrong` with every fault that was found, each with its place and remedy
 */
export function readConfiguration(words: readonly string[]): Configuration {
  const faults: string[] = []
  const fromLine = readLine(words, faults)
  const data = resolve(fromLine.data ?? settings.data.fallback)
  const path = join(data, 'vitalsign.json')
  const file = existsSync(path) ? new Uint8Array(readFileSync(path)) : undefined
  const fromFile = file === undefined ? {} : readFile(file, path, faults)
  const wordOf = (name: SettingName): string =>
    fromLine[name] ?? fromFile[name] ?? settings[name].fallback
  const configuration: Configuration = {
    data,
    listen: readAddress('listen', wordOf('listen'), faults),
    operatorListen: readOperatorAddress(wordOf('operator-listen'), faults),
    statusListen: readAddress('status-listen', wordOf('status-listen'), faults),
    proxied: readProxied(wordOf('proxy-listen'), wordOf('proxy-from'), faults),
    names: readNames(wordOf('names'), faults),
    publicUrl: readUrl(wordOf('public-url'), faults),
    environment: readEnvironment(wordOf('environment'), faults),
    algorithm: readAlgorithm('algorithm', wordOf('algorithm'), faults),
    rootAlgorithm: readAlgorithm('root-algorithm', wordOf('root-algorithm'), faults),
    twin: readSwitch('twin', wordOf('twin'), faults),
    passphraseFile: wordOf('passphrase-file') || undefined,
    database: readDatabase(
      wordOf('database'),
      wordOf('database-password-file'),
      wordOf('database-ca-file'),
      faults,
    ),
    drainSeconds: readDrain(wordOf('drain'), faults),
    metricsFrom: readNetworks(wordOf('metrics-from'), faults),
    logLevel: readLogLevel(wordOf('log-level'), faults),
    file,
  }
  if (configuration.environment === 'production' && configuration.publicUrl === undefined) {
    faults.push(
      'public-url: production needs one, e.g. http://pki.example.com, since it is written into certificates for decades',
    )
  }
  if (faults.length > 0) throw new Fault('configuration-wrong', faults.join('\n'))
  return configuration
}

/** The addresses in certificates: the public ones, else where status listens. */
export function statusUrl({ publicUrl }: Configuration, listening: ListenAddress): string {
  return publicUrl ?? urlOf('http', listening)
}

/** An address as a URL; one that listens everywhere is shown as this machine's loopback. */
export function urlOf(scheme: 'http' | 'https', { host, port }: ListenAddress): string {
  return `${scheme}://${isWildcard(host) ? 'localhost' : hostText(host)}:${port}`
}

/** The names that the server's certificate carries, the most public first. */
export function serverNames({ names, publicUrl, listen }: Configuration): readonly string[] {
  const all = [
    ...(publicUrl === undefined ? [] : [new URL(publicUrl).hostname.replace(/^\[|\]$/g, '')]),
    ...names,
    'localhost',
    // A machine may be called what no certificate can say, e.g. with an underscore.
    ...[hostname()].filter(isServerName),
    ...(isWildcard(listen.host) ? [] : [listen.host]),
    '127.0.0.1',
    '::1',
  ]
  return [...new Set(all)].filter((name) => name !== '')
}

export function hostText(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}

function readLine(words: readonly string[], faults: string[]): Words {
  const options = Object.fromEntries(
    Object.keys(settings).map((name) => [
      name,
      { type: switches.has(name) ? ('boolean' as const) : ('string' as const) },
    ]),
  )
  try {
    const { values } = parseArgs({ args: [...words], options, strict: true })
    return Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, value === true ? 'yes' : String(value)]),
    )
  } catch (error) {
    faults.push(error instanceof Error ? lower(error.message) : String(error))
    return {}
  }
}

function readFile(file: Uint8Array, path: string, faults: string[]): Words {
  let read: unknown
  try {
    read = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(file))
  } catch (error) {
    faults.push(`${path}: is not JSON: ${error instanceof Error ? error.message : error}`)
    return {}
  }
  if (typeof read !== 'object' || read === null || Array.isArray(read)) {
    faults.push(`${path}: must be an object of settings`)
    return {}
  }
  const words: Record<string, string> = {}
  for (const [name, value] of Object.entries(read)) {
    if (name === 'data' || !Object.hasOwn(settings, name)) {
      const known = Object.keys(settings).filter((one) => one !== 'data')
      faults.push(`${path}: ${name}: no such setting; one of ${known.join(', ')}`)
    } else if (typeof value !== 'string') {
      faults.push(`${path}: ${name}: must be text, is ${typeof value}`)
    } else words[name] = value
  }
  return words
}

function readAddress(name: string, word: string, faults: string[]): ListenAddress {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(word)
  const port = Number(match?.[3])
  if (match === null || port > 65_535) {
    faults.push(`${name}: must be HOST:PORT, e.g. 127.0.0.1:8443 or [::1]:8443, is "${word}"`)
    return { host: '127.0.0.1', port: 0 }
  }
  return { host: match[1] ?? match[2] ?? '', port }
}

function readOperatorAddress(word: string, faults: string[]): ListenAddress {
  const address = readAddress('operator-listen', word, faults)
  if (!/^(127\.\d+\.\d+\.\d+|::1|localhost)$/.test(address.host)) {
    faults.push(
      `operator-listen: is plain HTTP and must be loopback, is ${address.host}; reach it from afar by an ssh tunnel`,
    )
  }
  return address
}

function readNames(word: string, faults: string[]): readonly string[] {
  const names = word
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean)
  const wrong = names.find((name) => !isServerName(name))
  if (wrong !== undefined) faults.push(`names: "${wrong}" is neither a DNS name nor an address`)
  return names
}

function readProxied(listen: string, from: string, faults: string[]): Configuration['proxied'] {
  const ranges = from
    .split(',')
    .map((range) => range.trim())
    .filter(Boolean)
  const wrong = ranges.find((range) => !isRange(range))
  if (wrong !== undefined)
    faults.push(`proxy-from: "${wrong}" is no address or range, e.g. 192.0.2.10 or 10.0.0.0/24`)
  if ((listen === '') !== (ranges.length === 0))
    faults.push('proxy-listen and proxy-from stand together: where to listen, and for whom')
  return listen === ''
    ? undefined
    : { listen: readAddress('proxy-listen', listen, faults), from: ranges }
}

function isRange(range: string): boolean {
  const [network = '', prefix, ...more] = range.split('/')
  const family = isIP(network)
  if (family === 0 || more.length > 0) return false
  return (
    prefix === undefined ||
    (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128))
  )
}

/** RFC 1123 section 2.1: letters, digits and inner dashes between dots; or an IP address. */
function isServerName(name: string): boolean {
  if (isIP(name) !== 0) return true
  return (
    name.length <= 253 &&
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i.test(name)
  )
}

function readUrl(word: string, faults: string[]): string | undefined {
  if (word === '') return undefined
  const url = URL.parse(word)
  if (url === null || url.protocol !== 'http:' || url.search !== '' || url.hash !== '') {
    faults.push(
      `public-url: must be http://NAME[:PORT] (status is signed by itself and served in plain), is "${word}"`,
    )
    return undefined
  }
  return word.replace(/\/+$/, '')
}

function readDatabase(
  url: string,
  passwordFile: string,
  caFile: string,
  faults: string[],
): PostgresSettings | undefined {
  if (url === '') {
    if (passwordFile !== '') faults.push('database-password-file: there is no database')
    if (caFile !== '') faults.push('database-ca-file: there is no database')
    return undefined
  }
  const database: PostgresSettings = {
    url,
    ...(passwordFile !== '' && { passwordFile }),
    ...(caFile !== '' && { caFile }),
  }
  try {
    parseTarget(database)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    faults.push(`database: ${error.message}`)
  }
  return database
}

/** Balancers look every few seconds; a service manager kills after some 90. */
const mostDrainSeconds = 60

function readDrain(word: string, faults: string[]): number {
  const seconds = /^\d{1,2}$/.test(word) ? Number(word) : Number.NaN
  if (seconds <= mostDrainSeconds) return seconds
  faults.push(`drain: must be seconds from 0 to ${mostDrainSeconds}, is "${word}"`)
  return 0
}

function readEnvironment(word: string, faults: string[]): Configuration['environment'] {
  if (word === 'trial' || word === 'test' || word === 'production') return word
  faults.push(`environment: must be trial, test or production, is "${word}"`)
  return 'trial'
}

function readSwitch(name: string, word: string, faults: string[]): boolean {
  if (word === 'yes') return true
  if (word !== '' && word !== 'no') faults.push(`${name}: must be yes or no, is "${word}"`)
  return false
}

function readAlgorithm(name: string, word: string, faults: string[]): KeyAlgorithmName {
  const able = keyAlgorithmsFor('authority')
  const row = able.find((one) => one.name === word)
  if (row !== undefined) return row.name
  faults.push(`${name}: must be one of ${able.map((one) => one.name).join(', ')}, is "${word}"`)
  return 'p-256'
}

function readNetworks(word: string, faults: string[]): readonly string[] {
  const networks = word
    .split(',')
    .map((network) => network.trim())
    .filter(Boolean)
  const wrong = networks.find((network) => !isNetwork(network))
  if (wrong !== undefined) {
    faults.push(`metrics-from: must be addresses or networks, e.g. 10.0.0.0/8, is "${wrong}"`)
  }
  return networks
}

function isNetwork(network: string): boolean {
  const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(network) ?? []
  const family = isIP(address)
  return family !== 0 && Number(bits ?? 0) <= (family === 6 ? 128 : 32)
}

function readLogLevel(word: string, faults: string[]): LogLevel | undefined {
  if (word === '') return undefined
  const level = logLevels.find((one) => one === word)
  if (level === undefined) {
    faults.push(`log-level: must be one of ${logLevels.join(', ')}, is "${word}"`)
  }
  return level
}

function lower(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1).replace(/\.$/, '')
}
