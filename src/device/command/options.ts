// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { isKeyAlgorithmName, type KeyAlgorithmName, keyAlgorithmsFor } from '#trust/algorithms.ts'
import {
  endorsementTemplates,
  isEndorsementName,
  signingKeyTemplates,
} from '#trust/tpm/templates.ts'
import { parseServer } from '../connection/server.ts'
import { oneLine } from '../noise/firmware.ts'
import {
  type NoiseNumber,
  type NoiseSettings,
  noiseNumbers,
  noiseSettingsOf,
} from '../noise/noise-settings.ts'
import { parseFingerprint, type Settings, wordsOf } from '../state/settings.ts'
import { parseTpmAddress, shownTpmAddress } from '../tpm/address.ts'
import type { CommandName } from './help.ts'

/** The command line was not understood; `message` says what, `hint` what to write. */
export class WrongUse extends Error {
  override readonly name = 'WrongUse'
  readonly hint: string

  constructor(message: string, hint: string) {
    super(message)
    this.hint = hint
  }
}

const everywhere = {
  state: { type: 'string', default: './vitalsign-device' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

/** A raw source, and how it is tested. */
const noise = {
  noise: { type: 'string' },
  'noise-width': { type: 'string' },
  'noise-entropy': { type: 'string' },
  'noise-alpha': { type: 'string' },
  'noise-samples': { type: 'string' },
  'noise-sample-octets': { type: 'string' },
} as const satisfies Record<'noise' | NoiseNumber, object>

const options = {
  enrol: {
    ...everywhere,
    server: { type: 'string' },
    role: { type: 'string', default: 'device' },
    serial: { type: 'string' },
    name: { type: 'string' },
    root: { type: 'string' },
    label: { type: 'string' },
    'code-file': { type: 'string' },
    'key-algorithm': { type: 'string', default: 'p-256' },
    tpm: { type: 'string' },
    'tpm-endorsement': { type: 'string' },
    publish: { type: 'string' },
    'key-group-reads': { type: 'boolean', default: false },
    'on-renewed': { type: 'string' },
    'reload-pid-file': { type: 'string' },
    ...noise,
    'on-noise-failure': { type: 'string' },
    firmware: { type: 'string' },
    'firmware-file': { type: 'string' },
    birth: { type: 'boolean', default: false },
    again: { type: 'boolean', default: false },
    once: { type: 'boolean', default: false },
  },
  renew: {
    ...everywhere,
    now: { type: 'boolean', default: false },
    once: { type: 'boolean', default: false },
  },
  run: { ...everywhere, once: { type: 'boolean', default: false } },
  show: everywhere,
  endorse: { ...everywhere, tpm: { type: 'string' }, 'tpm-endorsement': { type: 'string' } },
  verify: everywhere,
  'test-noise': { ...everywhere, ...noise },
  firmware: {
    ...everywhere,
    firmware: { type: 'string' },
    form: { type: 'string' },
    beside: { type: 'string' },
    install: { type: 'boolean', default: false },
    key: { type: 'string', multiple: true },
    roots: { type: 'string' },
    'stamp-roots': { type: 'string' },
    status: { type: 'string' },
    purpose: { type: 'string' },
    environment: { type: 'string' },
    product: { type: 'string' },
    hardware: { type: 'string' },
    both: { type: 'boolean', default: false },
    'no-counter': { type: 'boolean', default: false },
  },
} as const satisfies Record<CommandName, object>

/** The options of one command; what is not given has its default. */
export function readOptions<C extends CommandName>(command: C, words: readonly string[]) {
  try {
    const { values } = parseArgs({
      ...{ args: [...words], options: options[command], strict: true },
      // Of one command alone: "firmware verify FILE".
      allowPositionals: command === 'firmware',
    })
    return values
  } catch (error) {
    if (error instanceof TypeError) {
      throw new WrongUse(firstSentence(error.message), `see "vitalsign-device help ${command}"`)
    }
    throw error
  }
}

/** The words of a command line that belong to no option. @throws WrongUse */
export function positionalsOf(command: CommandName, words: readonly string[]): readonly string[] {
  readOptions(command, words)
  return parseArgs({
    ...{ args: [...words], options: options[command], allowPositionals: true },
  }).positionals
}

export type FirmwareOptions = ReturnType<typeof readOptions<'firmware'>>
export type EnrolOptions = ReturnType<typeof readOptions<'enrol'>>

/** Checks what a person gave for an enrolment. @throws WrongUse */
export function settingsOf(given: EnrolOptions): Settings {
  const server = parseServer(
    need(given, 'server', 'the address that the server prints at its start'),
  )
  if (server === undefined) {
    throw new WrongUse(
      `--server ${given.server} is no address of a server`,
      'write https://HOST:PORT and nothing after it',
    )
  }
  const who = ownerOf(given)
  const fingerprint = need(given, 'root', 'the SHA-256 fingerprint that the server prints')
  const root = parseFingerprint(fingerprint)
  if (root === undefined) {
    throw new WrongUse(
      `--root ${fingerprint} is no SHA-256 fingerprint`,
      'it has 64 hex digits, with or without colons',
    )
  }
  // A device proves itself in TLS; keys that cannot are made by the server, or for other purposes.
  const able = keyAlgorithmsFor('tls')
  const word = given['key-algorithm']
  const keyAlgorithm = able.find(({ name }) => name === word)?.name
  if (keyAlgorithm === undefined) {
    throw new WrongUse(
      isKeyAlgorithmName(word)
        ? `--key-algorithm ${word} proves itself in no TLS handshake`
        : `--key-algorithm ${word} is not known`,
      `one of ${able.map(({ name }) => name).join(', ')}`,
    )
  }
  return {
    server: `https://${server.authority}`,
    ...who,
    root,
    keyAlgorithm,
    ...tpmOf(given, keyAlgorithm),
    ...programsOf(given),
    ...makingOf(given),
  }
}

/** Where applications enrol, whatever they are for; no entrance of a product bears this label. */
const applicationLabel = '~application'

/** A device by its serial at an entrance of its product, or an application by its name. @throws WrongUse */
function ownerOf(given: EnrolOptions): Pick<Settings, 'label' | 'role' | 'serial'> {
  if (given.role === 'device') {
    if (given.name !== undefined)
      throw new WrongUse('--name needs --role application', 'a device has a serial: --serial')
    const serial = need(given, 'serial', 'the serial that the server expects, such as PUMP-0001')
    return { label: labelOf(given), serial: checked('serial', serial) }
  }
  if (given.role !== 'application')
    throw new WrongUse(`--role ${given.role} is not known`, 'device (the default) or application')
  for (const option of ['serial', 'label', 'birth', 'tpm'] as const)
    if (given[option] !== undefined && given[option] !== false)
      throw new WrongUse(`--${option} is for devices`, 'an application has a name: --name')
  const name = need(given, 'name', 'the name under which the application was registered')
  return { label: applicationLabel, role: 'application', serial: checked('name', name) }
}

/** RFC 7617 section 2: the user of Basic authentication holds no colon. */
function checked(option: 'serial' | 'name', word: string): string {
  if (/^[\x21-\x39\x3b-\x7e]{1,64}$/.test(word)) return word
  throw new WrongUse(
    `--${option} ${JSON.stringify(word)} is no ${option}`,
    'up to 64 visible ASCII characters, none of them a colon',
  )
}

/** Which programs use the identity, and how they hear of the next. @throws WrongUse */
function programsOf(
  given: EnrolOptions,
): Pick<Settings, 'publish' | 'keyGroupReads' | 'onRenewed' | 'reloadPidFile'> {
  const { publish, 'on-renewed': command, 'reload-pid-file': pidFile } = given
  const keyGroupReads = given['key-group-reads']
  const rest = { 'on-renewed': command, 'reload-pid-file': pidFile }
  for (const [option, word] of Object.entries({ publish, ...rest }))
    if (word !== undefined && !/^[^\p{Cc}]+$/u.test(word))
      throw new WrongUse(`--${option} is empty, or no line of text`, 'see "help enrol"')
  if (publish === undefined) {
    if (command === undefined && pidFile === undefined && !keyGroupReads) return {}
    throw new WrongUse('--publish is missing', 'say in which directory the program finds its files')
  }
  return {
    publish: resolve(publish),
    ...(keyGroupReads && { keyGroupReads }),
    ...(command !== undefined && { onRenewed: wordsOf(command) }),
    ...(pidFile !== undefined && { reloadPidFile: resolve(pidFile) }),
  }
}

/** What is tested before a key is made, and what is said of it. @throws WrongUse */
function makingOf(
  given: EnrolOptions,
): Pick<Settings, 'noise' | 'onNoiseFailure' | 'firmware' | 'firmwareFile'> {
  const { firmware, 'firmware-file': file, 'on-noise-failure': command } = given
  const noise = noiseOf(given)
  if (noise !== undefined && given.tpm !== undefined)
    throw new WrongUse('--noise and --tpm', 'a TPM makes keys of its own noise, which nobody sees')
  if (command !== undefined && noise === undefined)
    throw new WrongUse('--on-noise-failure needs --noise', 'without a raw source nothing is tested')
  if (command !== undefined && !/^[^\p{Cc}]+$/u.test(command))
    throw new WrongUse('--on-noise-failure is empty, or no line of text', 'see "help enrol"')
  if (firmware !== undefined && oneLine(firmware) !== firmware)
    throw new WrongUse('--firmware is no line of up to 128 characters', 'such as "pump-os 4.2.1"')
  if (file !== undefined && !/^[^\p{Cc}]+$/u.test(file))
    throw new WrongUse('--firmware-file is empty, or no line of text', 'see "help enrol"')
  return {
    ...(noise !== undefined && { noise }),
    ...(command !== undefined && { onNoiseFailure: wordsOf(command) }),
    ...(firmware !== undefined && { firmware }),
    ...(file !== undefined && { firmwareFile: resolve(file) }),
  }
}

/** A raw source with its numbers; undefined: none is named. @throws WrongUse */
export function noiseOf(
  given: Readonly<Partial<Record<'noise' | NoiseNumber, string | undefined>>>,
): NoiseSettings | undefined {
  const { noise: path } = given
  if (path === undefined) {
    const number = Object.keys(noiseNumbers).find((name) => given[name as NoiseNumber])
    if (number === undefined) return undefined
    throw new WrongUse(`--${number} needs --noise`, 'say where the raw source is')
  }
  const settings = noiseSettingsOf(path === '' ? '' : resolve(path), given)
  if (typeof settings !== 'string') return settings
  throw new WrongUse(`--${settings}`, 'see "vitalsign-device help test-noise"')
}

/** @throws WrongUse */
export function tpmOf(
  { tpm, 'tpm-endorsement': endorsement }: Pick<EnrolOptions, 'tpm' | 'tpm-endorsement'>,
  keyAlgorithm: KeyAlgorithmName,
): Pick<Settings, 'tpm' | 'tpmEndorsement'> {
  if (tpm === undefined) {
    if (endorsement === undefined) return {}
    throw new WrongUse(
      '--tpm-endorsement needs --tpm',
      'say where the TPM is: --tpm device:/dev/tpmrm0',
    )
  }
  const address = parseTpmAddress(tpm)
  if (address === undefined)
    throw new WrongUse(
      `--tpm ${tpm} is no address of a TPM`,
      'device:/dev/tpmrm0, or swtpm:/PATH.sock or swtpm:HOST:PORT for a software TPM',
    )
  if (!Object.hasOwn(signingKeyTemplates, keyAlgorithm))
    throw new WrongUse(
      `--key-algorithm ${keyAlgorithm} is made in no TPM`,
      `one of ${Object.keys(signingKeyTemplates).join(', ')}`,
    )
  if (endorsement !== undefined && !isEndorsementName(endorsement))
    throw new WrongUse(
      `--tpm-endorsement ${endorsement} is not known`,
      `one of ${Object.keys(endorsementTemplates).join(', ')}`,
    )
  return {
    tpm: shownTpmAddress(address),
    ...(endorsement !== undefined && { tpmEndorsement: endorsement }),
  }
}

function labelOf({ label, birth }: EnrolOptions): string | undefined {
  if (label === undefined) {
    if (!birth) return undefined
    throw new WrongUse('--birth needs --label', 'birth identities come from entrance LABEL-birth')
  }
  if (/^[A-Za-z0-9._~-]{1,64}$/.test(label)) return label
  throw new WrongUse(
    `--label ${label} is no label`,
    'up to 64 letters, digits, ".", "_", "~" and "-"',
  )
}

function need(
  given: EnrolOptions,
  name: 'server' | 'serial' | 'name' | 'root',
  what: string,
): string {
  const value = given[name]
  if (value !== undefined && value !== '') return value
  throw new WrongUse(`--${name} is missing`, `give ${what}; see "vitalsign-device help enrol"`)
}

/** Node's own words for a wrong option, without what it says of its programming interface. */
function firstSentence(message: string): string {
  const [sentence = message] = message.split('. ')
  return sentence.charAt(0).toLowerCase() + sentence.slice(1).replace(/\.$/, '')
}
