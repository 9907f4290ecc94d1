// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { KeysIn } from '#core/authority/founding.ts'
import { Fault } from '#core/fault.ts'
import type { TpmAddress } from '#device/tpm/address.ts'
import type { ListenAddress } from '#edge/http/front.ts'
import type { PostgresSettings } from '#edge/store/postgres/target.ts'
import type { KeyAlgorithmName } from '#trust/algorithms.ts'
import type { LogLevel } from './log-level.ts'
import {
  isServerName,
  readAddress,
  readAlgorithm,
  readDatabase,
  readDrain,
  readEnvironment,
  readKeysIn,
  readLegacy,
  readLogLevel,
  readMaker,
  readMegabytes,
  readNames,
  readNetworks,
  readOperatorAddress,
  readProxied,
  readRoot,
  readSwitch,
  readTimeStamps,
  readToken,
  readTpm,
  readUrl,
} from './setting-words.ts'

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
  /** The door for devices that know no TLS 1.3, with everything that the devices' door has; undefined: there is none. */
  readonly legacyListen: ListenAddress | undefined
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
  /** Asked at the first start only: whether the root is made here, or in a ceremony or by somebody else. */
  readonly root: 'here' | 'elsewhere'
  /** Asked at the first start only: whom the subjects of authorities name; undefined: the product. */
  readonly maker: string | undefined
  /** Asked at the first start only: whether authorities that withstand quantum computers stand beside. */
  readonly twin: boolean
  /** Asked at the first start only: which backend keeps the keys of root, issuing authority and twins. */
  readonly keysIn: KeysIn
  /** The PKCS #11 token that keeps keys, too; undefined: none does. */
  readonly token: TokenSetting | undefined
  /** The TPM of this machine that keeps keys, too; undefined: none does. */
  readonly tpm: TpmSetting | undefined
  /** A file with the passphrase of the keys; undefined: a systemd credential, `DIR/unlock`, or a prompt. */
  readonly passphraseFile: string | undefined
  /** The database that several nodes share; undefined: SQLite in the data directory. */
  readonly database: PostgresSettings | undefined
  /** Where uploaded and signed artefacts are kept; several nodes have one directory together. */
  readonly artefacts: string
  /** The largest artefact that may be uploaded, in octets. */
  readonly artefactLimit: number
  /** How long a node that was told to stop serves on while `/readyz` says no, in seconds. */
  readonly drainSeconds: number
  /** Networks that may read `/metrics`, besides this machine itself: `ADDRESS` or `ADDRESS/BITS`. */
  readonly metricsFrom: readonly string[]
  /** How much the log tells; undefined: `info`, and `warn` where it goes to a terminal. */
  readonly logLevel: LogLevel | undefined
  /** Who stamps time for releases, and a file with its roots; undefined: the house itself. */
  readonly timeStamps: { readonly url: URL; readonly rootsFile: string } | undefined
  /** The bytes of the configuration file, for its event; undefined: there is none. */
  readonly file: Uint8Array | undefined
}

/** A PKCS #11 token and how to open it. */
export interface TokenSetting {
  /** The path of its module. */
  readonly module: string
  readonly label: string
  /** Undefined: no other token has the label. */
  readonly serial: string | undefined
  /** Undefined: a systemd credential, or a prompt. */
  readonly pinFile: string | undefined
  /** `FIPS 140-3 #4735` or `historical 140-2 #3980`, as it goes into the records of keys. */
  readonly certificate: string | undefined
}

/** A TPM of this machine. */
export interface TpmSetting {
  readonly address: TpmAddress
  /** As people call it; the custody of its keys is `tpm NAME`. */
  readonly name: string
}

type Words = Readonly<Record<string, string | undefined>>

/** The words that may stand on the command line and in the file alike, with their defaults and help. */
export const settings = {
  data: { fallback: './data', help: 'the data directory, made on first use' },
  listen: { fallback: '127.0.0.1:8443', help: "the devices' address (TLS)" },
  'operator-listen': { fallback: '127.0.0.1:8081', help: "the operators' address (loopback)" },
  'legacy-listen': {
    fallback: '',
    help: 'a second address of devices, for those that know no TLS 1.3; named as a relaxation',
  },
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
  root: {
    fallback: 'here',
    help: 'where the root is made: here, or elsewhere (a ceremony, your own PKI); at the first start',
  },
  maker: { fallback: '', help: 'who stands in the subjects of authorities; at the first start' },
  twin: {
    fallback: '',
    help: 'a chain that withstands quantum computers beside; at the first start',
  },
  'time-stamps-from': {
    fallback: '',
    help: 'a time-stamp authority (RFC 3161) for releases, by its URL; else the house itself',
  },
  'time-stamp-roots': { fallback: '', help: 'a PEM file with the roots of that authority' },
  'keys-in': {
    fallback: 'file',
    help: 'where authority keys are made: file, pkcs11 or tpm; at the first start',
  },
  'root-keys-in': {
    fallback: '',
    help: 'where the root key is made, if elsewhere than the others',
  },
  'twin-keys-in': { fallback: '', help: 'where the keys of twins are made, if elsewhere' },
  'pkcs11-module': {
    fallback: '',
    help: 'the module of a token that keeps keys, e.g. /usr/lib/…/x.so',
  },
  'pkcs11-token': { fallback: '', help: 'the label of that token' },
  'pkcs11-serial': { fallback: '', help: 'its serial, where two have the label' },
  'pkcs11-pin-file': { fallback: '', help: 'a file with its PIN' },
  'pkcs11-certificate': {
    fallback: '',
    help: 'certificate of the module: "FIPS 140-3 #1234" or "historical 140-2 #1234"',
  },
  tpm: { fallback: '', help: 'the TPM that keeps keys, e.g. device:/dev/tpmrm0' },
  'tpm-name': { fallback: 'own', help: 'what it is called in the records of its keys' },
  'passphrase-file': { fallback: '', help: 'a file with the passphrase that unlocks the keys' },
  database: { fallback: '', help: 'postgres://USER@HOST/NAME, shared by several servers' },
  'database-password-file': { fallback: '', help: "a file with the database's password" },
  'database-ca-file': { fallback: '', help: "the authorities of the database's certificate, PEM" },
  artefacts: {
    fallback: '',
    help: 'the directory of artefacts, shared where several servers share a database; DIR/artefacts',
  },
  'artefact-limit': {
    fallback: '16000',
    help: 'the largest artefact that may be uploaded, in megabytes',
  },
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
    legacyListen: readLegacy(wordOf('legacy-listen'), faults),
    proxied: readProxied(wordOf('proxy-listen'), wordOf('proxy-from'), faults),
    names: readNames(wordOf('names'), faults),
    publicUrl: readUrl(wordOf('public-url'), faults),
    environment: readEnvironment(wordOf('environment'), faults),
    algorithm: readAlgorithm('algorithm', wordOf('algorithm'), faults),
    rootAlgorithm: readAlgorithm('root-algorithm', wordOf('root-algorithm'), faults),
    root: readRoot(wordOf('root'), faults),
    maker: readMaker(wordOf('maker'), faults),
    twin: readSwitch('twin', wordOf('twin'), faults),
    keysIn: readKeysIn(
      { all: wordOf('keys-in'), root: wordOf('root-keys-in'), twin: wordOf('twin-keys-in') },
      faults,
    ),
    token: readToken(wordOf, faults),
    tpm: readTpm(wordOf('tpm'), wordOf('tpm-name'), faults),
    timeStamps: readTimeStamps(wordOf('time-stamps-from'), wordOf('time-stamp-roots'), faults),
    passphraseFile: wordOf('passphrase-file') || undefined,
    database: readDatabase(
      wordOf('database'),
      wordOf('database-password-file'),
      wordOf('database-ca-file'),
      faults,
    ),
    artefacts: resolve(wordOf('artefacts') || join(data, 'artefacts')),
    artefactLimit: readMegabytes('artefact-limit', wordOf('artefact-limit'), faults),
    drainSeconds: readDrain(wordOf('drain'), faults),
    metricsFrom: readNetworks(wordOf('metrics-from'), faults),
    logLevel: readLogLevel(wordOf('log-level'), faults),
    file,
  }
  if (Object.values(configuration.keysIn).includes('pkcs11') && configuration.token === undefined) {
    faults.push('keys-in: pkcs11 needs pkcs11-module and pkcs11-token: where the keys are to be')
  }
  if (Object.values(configuration.keysIn).includes('tpm') && configuration.tpm === undefined) {
    faults.push('keys-in: tpm needs tpm: where it is, e.g. device:/dev/tpmrm0')
  }
  if (configuration.environment === 'production' && configuration.publicUrl === undefined) {
    faults.push(
      'public-url: production needs one, e.g. http://pki.example.com, since it is written into certificates for decades',
    )
  }
  if (configuration.root === 'elsewhere' && configuration.publicUrl === undefined) {
    faults.push(
      'public-url: a root elsewhere needs one, e.g. http://pki.example.com: whoever signs writes it into the certificate',
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

function lower(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1).replace(/\.$/, '')
}
