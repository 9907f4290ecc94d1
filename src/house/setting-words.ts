// SPDX-License-Identifier: Apache-2.0
/**
 * What the words of the settings mean: each reader adds what is wrong to the faults, and goes on with a
 * value that harms nobody.
 */
import { isIP } from 'node:net'
import type { KeysIn } from '#core/authority/founding.ts'
import { type Custody, custodies } from '#core/authority/signing-key.ts'
import { Fault } from '#core/fault.ts'
import { parseTpmAddress } from '#device/tpm/address.ts'
import type { ListenAddress } from '#edge/http/front.ts'
import { type PostgresSettings, parseTarget } from '#edge/store/postgres/target.ts'
import { type KeyAlgorithmName, keyAlgorithmsFor } from '#trust/algorithms.ts'
import type { Configuration, TokenSetting, TpmSetting } from './configuration.ts'
import { type LogLevel, logLevels } from './log-level.ts'

export function readAddress(name: string, word: string, faults: string[]): ListenAddress {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(word)
  const port = Number(match?.[3])
  if (match === null || port > 65_535) {
    faults.push(`${name}: must be HOST:PORT, e.g. 127.0.0.1:8443 or [::1]:8443, is "${word}"`)
    return { host: '127.0.0.1', port: 0 }
  }
  return { host: match[1] ?? match[2] ?? '', port }
}

export function readOperatorAddress(word: string, faults: string[]): ListenAddress {
  const address = readAddress('operator-listen', word, faults)
  if (!/^(127\.\d+\.\d+\.\d+|::1|localhost)$/.test(address.host)) {
    faults.push(
      `operator-listen: is plain HTTP and must be loopback, is ${address.host}; reach it from afar by an ssh tunnel`,
    )
  }
  return address
}

export function readLegacy(word: string, faults: string[]): ListenAddress | undefined {
  return word === '' ? undefined : readAddress('legacy-listen', word, faults)
}

export function readTimeStamps(
  address: string,
  rootsFile: string,
  faults: string[],
): Configuration['timeStamps'] {
  if ((address === '') !== (rootsFile === ''))
    faults.push('time-stamps-from and time-stamp-roots stand together: who stamps, and its roots')
  if (address === '' || rootsFile === '') return undefined
  const url = URL.parse(address)
  if (url !== null && /^https?:$/.test(url.protocol)) return { url, rootsFile }
  faults.push(`time-stamps-from: must be an address with http or https, is "${address}"`)
  return undefined
}

export function readNames(word: string, faults: string[]): readonly string[] {
  const names = partsOf(word)
  const wrong = names.find((name) => !isServerName(name))
  if (wrong !== undefined) faults.push(`names: "${wrong}" is neither a DNS name nor an address`)
  return names
}

export function readProxied(
  listen: string,
  from: string,
  faults: string[],
): Configuration['proxied'] {
  const ranges = partsOf(from)
  const wrong = ranges.find((range) => !isNetwork(range))
  if (wrong !== undefined)
    faults.push(`proxy-from: "${wrong}" is no address or range, e.g. 192.0.2.10 or 10.0.0.0/24`)
  if ((listen === '') !== (ranges.length === 0))
    faults.push('proxy-listen and proxy-from stand together: where to listen, and for whom')
  return listen === ''
    ? undefined
    : { listen: readAddress('proxy-listen', listen, faults), from: ranges }
}

/** RFC 1123 section 2.1: letters, digits and inner dashes between dots; or an IP address. */
export function isServerName(name: string): boolean {
  if (isIP(name) !== 0) return true
  return (
    name.length <= 253 &&
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i.test(name)
  )
}

export function readUrl(word: string, faults: string[]): string | undefined {
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

export function readDatabase(
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

export function readDrain(word: string, faults: string[]): number {
  const seconds = /^\d{1,2}$/.test(word) ? Number(word) : Number.NaN
  if (seconds <= mostDrainSeconds) return seconds
  faults.push(`drain: must be seconds from 0 to ${mostDrainSeconds}, is "${word}"`)
  return 0
}

/** A number of octets, said in megabytes. */
export function readMegabytes(name: string, word: string, faults: string[]): number {
  if (/^[1-9]\d{0,8}$/.test(word)) return Number(word) * 1_000_000
  faults.push(`${name}: must be a number of megabytes such as 500, is "${word}"`)
  return 0
}

export function readEnvironment(word: string, faults: string[]): Configuration['environment'] {
  if (word === 'trial' || word === 'test' || word === 'production') return word
  faults.push(`environment: must be trial, test or production, is "${word}"`)
  return 'trial'
}

/** As long as `O=` may be with a mark of the environment behind it (X.520: 64). */
const longestMaker = 50

export function readMaker(word: string, faults: string[]): string | undefined {
  if (word === '') return undefined
  if (word.length <= longestMaker && word === word.trim() && /^[^\p{C}]+$/u.test(word)) return word
  faults.push(`maker: must be 1 to ${longestMaker} characters that can be read aloud`)
  return undefined
}

export function readRoot(word: string, faults: string[]): Configuration['root'] {
  if (word === 'here' || word === 'elsewhere') return word
  faults.push(`root: must be here or elsewhere, is "${word}"`)
  return 'here'
}

export function readSwitch(name: string, word: string, faults: string[]): boolean {
  if (word === 'yes') return true
  if (word !== '' && word !== 'no') faults.push(`${name}: must be yes or no, is "${word}"`)
  return false
}

export function readAlgorithm(name: string, word: string, faults: string[]): KeyAlgorithmName {
  const able = keyAlgorithmsFor('authority')
  const row = able.find((one) => one.name === word)
  if (row !== undefined) return row.name
  faults.push(`${name}: must be one of ${able.map((one) => one.name).join(', ')}, is "${word}"`)
  return 'p-256'
}

/** Roots and twins stay with the others unless a word of their own says where they go. */
export function readKeysIn(
  words: { readonly all: string; readonly root: string; readonly twin: string },
  faults: string[],
): KeysIn {
  const read = (name: string, word: string): Custody => {
    const custody = custodies.find((one) => one === word)
    if (custody === undefined)
      faults.push(`${name}: must be one of ${custodies.join(', ')}, is "${word}"`)
    return custody ?? 'file'
  }
  const issuing = read('keys-in', words.all)
  return {
    issuing,
    root: words.root === '' ? issuing : read('root-keys-in', words.root),
    twin: words.twin === '' ? issuing : read('twin-keys-in', words.twin),
  }
}

type TokenWord = `pkcs11-${'module' | 'token' | 'serial' | 'pin-file' | 'certificate'}`

/** CMVP numbers its certificates; what is not in force any more is on its historical list. */
const certificateForm = /^(FIPS 140-3|historical 140-2) #[1-9]\d{0,5}$/

export function readToken(
  wordOf: (name: TokenWord) => string,
  faults: string[],
): TokenSetting | undefined {
  const [module, label] = [wordOf('pkcs11-module'), wordOf('pkcs11-token').trim()]
  const certificate = wordOf('pkcs11-certificate')
  if (certificate !== '' && !certificateForm.test(certificate))
    faults.push(
      `pkcs11-certificate: must be "FIPS 140-3 #1234" or "historical 140-2 #1234", as the list of validated modules has it, is "${certificate}"`,
    )
  if (module === '' && label === '') {
    for (const name of ['pkcs11-serial', 'pkcs11-pin-file', 'pkcs11-certificate'] as const)
      if (wordOf(name) !== '') faults.push(`${name}: there is no pkcs11-module`)
    return undefined
  }
  if (module === '' || label === '')
    faults.push(
      'pkcs11-module and pkcs11-token stand together: the module, and the label of the token',
    )
  // PKCS #11 section 3.5: a label has 32 octets, padded with blanks.
  if (label !== '' && !/^[\x21-\x7e](?:[\x20-\x7e]{0,30}[\x21-\x7e])?$/.test(label))
    faults.push(`pkcs11-token: must be a label of up to 32 ASCII characters, is "${label}"`)
  return {
    ...{ module, label, serial: wordOf('pkcs11-serial') || undefined },
    ...{ pinFile: wordOf('pkcs11-pin-file') || undefined, certificate: certificate || undefined },
  }
}

/** A name stands in records for ever, and after a blank in `tpm NAME`. */
const tpmName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/

export function readTpm(address: string, name: string, faults: string[]): TpmSetting | undefined {
  if (!tpmName.test(name))
    faults.push(`tpm-name: must be up to 32 letters, digits, ".", "_" and "-", is "${name}"`)
  if (address === '') return undefined
  const read = parseTpmAddress(address)
  if (read !== undefined) return { address: read, name }
  faults.push(
    `tpm: must be device:/dev/tpmrm0, swtpm:/PATH.sock or swtpm:HOST:PORT, is "${address}"`,
  )
  return undefined
}

export function readNetworks(word: string, faults: string[]): readonly string[] {
  const networks = partsOf(word)
  const wrong = networks.find((network) => !isNetwork(network))
  if (wrong !== undefined) {
    faults.push(`metrics-from: must be addresses or networks, e.g. 10.0.0.0/8, is "${wrong}"`)
  }
  return networks
}

/** An address, or a range of them (CIDR). */
function isNetwork(network: string): boolean {
  const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(network) ?? []
  const family = isIP(address)
  return family !== 0 && Number(bits ?? 0) <= (family === 6 ? 128 : 32)
}

export function readLogLevel(word: string, faults: string[]): LogLevel | undefined {
  if (word === '') return undefined
  const level = logLevels.find((one) => one === word)
  if (level === undefined) {
    faults.push(`log-level: must be one of ${logLevels.join(', ')}, is "${word}"`)
  }
  return level
}

/** What stands between commas. */
function partsOf(word: string): readonly string[] {
  return word
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)
}
