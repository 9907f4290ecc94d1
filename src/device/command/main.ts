// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { refuse } from '#trust/refusal.ts'
import { lineOf, readBond } from '../bond.ts'
import { dueOf } from '../due.ts'
import { enrol } from '../enrol.ts'
import { digestOf } from '../follow-roots.ts'
import { keepUp } from '../keep-up.ts'
import { thisMachine } from '../noise/machine.ts'
import { readNoiseBook } from '../noise/noise-book.ts'
import { testNoise } from '../noise/test-noise.ts'
import { patience } from '../patience.ts'
import { persist } from '../persist.ts'
import { type DevicePorts, networkLimits } from '../ports.ts'
import { giveFiles } from '../programs/give.ts'
import { hangUp, runCommand } from '../programs/tell.ts'
import type { Refused } from '../refusal.ts'
import { run } from '../run.ts'
import { prove } from '../settle.ts'
import { type Files, makeDirectory, openDirectory } from '../state/files.ts'
import { holdDirectory } from '../state/lock.ts'
import type { Settings } from '../state/settings.ts'
import { fileOf, readCredential } from '../state/state.ts'
import { parseTpmAddress } from '../tpm/address.ts'
import { visitTpm } from '../tpm/conversation.ts'
import { findEndorsement } from '../tpm/endorsement.ts'
import { readCode } from './code.ts'
import { type CommandName, helpOf, isCommandName, overview } from './help.ts'
import { noiseOf, positionalsOf, readOptions, settingsOf, tpmOf, WrongUse } from './options.ts'
import {
  birthLine,
  type ExitStatus,
  identityOf,
  noiseLine,
  type Report,
  reportEndorsement,
  reportEnrolled,
  reportKept,
  reportNoise,
  reportPass,
  reportRefused,
  reportThrown,
  workingLine,
} from './report.ts'

/** Where the words of a command go; one call is one line. */
export interface Outlet {
  readonly out: (line: string) => void
  readonly error: (line: string) => void
}

/** Runs one command line (without the program's name) and gives its exit status. */
export async function main(words: readonly string[], outlet: Outlet): Promise<ExitStatus> {
  const [command, ...rest] = words
  try {
    if (command === undefined || ['help', '--help', '-h'].includes(command)) {
      outlet.out(helpFor(rest[0]).trimEnd())
      return 0
    }
    if (!isCommandName(command))
      throw new WrongUse(`no command "${command}"`, 'try "vitalsign-device help"')
    const { help } = readOptions(command, rest)
    if (!help) return write(await commands[command](rest, outlet), rest, outlet)
    outlet.out(helpOf[command].trimEnd())
    return 0
  } catch (error) {
    return write(reportThrown(error), rest, outlet)
  }
}

function helpFor(command: string | undefined): string {
  if (command === undefined) return overview
  if (isCommandName(command)) return helpOf[command]
  throw new WrongUse(`no command "${command}"`, 'try "vitalsign-device help"')
}

function write(report: Report, words: readonly string[], outlet: Outlet): ExitStatus {
  if (words.includes('--json')) {
    outlet.out(JSON.stringify(report.json))
    return report.status
  }
  const tell = report.status === 0 ? outlet.out : outlet.error
  for (const line of report.lines) tell(line)
  return report.status
}

type Command = (words: readonly string[], outlet: Outlet) => Promise<Report>

const commands: Readonly<Record<CommandName, Command>> = {
  async enrol(words, outlet) {
    const options = readOptions('enrol', words)
    const settings = settingsOf(options)
    const code = await codeFor(options['code-file'], settings)
    return working(options.state, outlet, async (ports) => {
      const attempts = options.once ? 1 : patience.attempts
      const { birth, again } = options
      const done = await enrol(ports, { settings, code, birth, again, attempts })
      if (done.kind === 'refused') return reportRefused(done)
      return reportEnrolled(done, settings, showIdentities(ports, options.state))
    })
  },

  async renew(words, outlet) {
    const { state, now, once } = readOptions('renew', words)
    return working(state, outlet, async (ports) => {
      const kept = await persist(ports, once ? 1 : patience.attempts, () => keepUp(ports, { now }))
      return kept.kind === 'refused'
        ? reportRefused(kept)
        : reportKept(kept, join(state, fileOf.inUse('working')))
    })
  },

  async run(words, outlet) {
    const { state, once } = readOptions('run', words)
    const file = join(state, fileOf.inUse('working'))
    return working(state, outlet, async (ports) => {
      if (once) return reportPass(await keepUp(ports, { now: false }), file)
      return run(ports, (pass) => write(reportPass(pass, file), words, outlet))
    })
  },

  async show(words) {
    const { state } = readOptions('show', words)
    const ports = portsOf(openDirectory(state), () => {})
    const bond = readBond(ports.files)
    if (bond === undefined) return reportRefused(notEnrolled(state))
    const { server, serial, label, publish, noise } = bond.settings
    const shown = showIdentities(ports, state)
    return {
      status: 0,
      json: {
        ...{ kind: 'shown', device: serial, server, label: label ?? null, ...shown.json },
        roots: bond.roots.map(digestOf),
        publish: publish ?? null,
        noise: noise ?? null,
        noiseFailures: noise === undefined ? null : readNoiseBook(ports.files).failures,
      },
      lines: [
        ...[`${serial} belongs to ${server}`, ...shown.lines],
        ...bond.roots.map((root) => `  believes the root ${digestOf(root)}`),
        ...(publish === undefined ? [] : [`  for programs      ${publish}`]),
        ...(noise === undefined ? [] : noiseLine(noise, readNoiseBook(ports.files))),
      ],
    }
  },

  async endorse(words) {
    const given = readOptions('endorse', words)
    const { tpm = '', tpmEndorsement } = tpmOf(given, 'p-256')
    const address = parseTpmAddress(tpm)
    if (address === undefined)
      throw new WrongUse('--tpm is missing', 'say where the TPM is: --tpm device:/dev/tpmrm0')
    return reportEndorsement(
      await visitTpm(address, (visit) => findEndorsement(visit, tpmEndorsement)),
    )
  },

  async 'test-noise'(words) {
    const noise = noiseOf(readOptions('test-noise', words))
    if (noise === undefined)
      throw new WrongUse('--noise is missing', 'say where the raw source is: --noise /dev/hwrng')
    await testNoise(noise, { lastSha256: undefined }, thisMachine)
    return reportNoise(noise)
  },

  async firmware(words, outlet) {
    const [verb, ...paths] = positionalsOf('firmware', words)
    const { isFirmwareVerb, firmwareVerbs, runFirmware } = await import('./firmware.ts')
    if (!isFirmwareVerb(verb))
      throw new WrongUse(
        verb === undefined ? 'firmware needs a verb' : `firmware knows no "${verb}"`,
        `one of ${Object.keys(firmwareVerbs).join(', ')}; see "vitalsign-device help firmware"`,
      )
    const given = readOptions('firmware', words)
    const act = async (ports: DevicePorts) => runFirmware(verb, paths, given, ports)
    if (firmwareVerbs[verb] || (verb === 'verify' && given.install))
      return working(given.state, outlet, act)
    return act(portsOf(openDirectory(given.state), () => {}))
  },

  async verify(words) {
    const { state } = readOptions('verify', words)
    const ports = portsOf(openDirectory(state), () => {})
    const bond = readBond(ports.files)
    const credential = readCredential(ports.files, fileOf.inUse('working'))
    if (bond === undefined || credential === undefined) return reportRefused(notEnrolled(state))
    const found = await persist(ports, 1, () =>
      prove(credential, bond.settings.serial, lineOf(ports, bond)),
    )
    if (found.kind === 'refused') return reportRefused(found)
    if (found.kind === 'unheard') return reportRefused(refuse('credential-not-shown', found.why))
    const { device, product, state: standing, serialNumber, notAfter } = found
    return {
      status: 0,
      json: {
        kind: 'verified',
        device,
        product,
        state: standing,
        certificate: { serialNumber, notAfter },
      },
      lines: [
        `the server knows this ${bond.settings.role ?? 'device'} as ${device} (${product}), ${standing}, until ${notAfter}`,
      ],
    }
  },
}

/** Work that may change the state directory: nobody else works on it meanwhile. */
async function working(
  state: string,
  outlet: Outlet,
  act: (ports: DevicePorts) => Promise<Report>,
): Promise<Report> {
  const ports = portsOf(makeDirectory(state), (line) => outlet.error(`vitalsign-device: ${line}`))
  const lock = holdDirectory(state)
  try {
    return await act(ports)
  } finally {
    lock.release()
  }
}

/** The machine itself. */
function portsOf(files: Files, say: (line: string) => void): DevicePorts {
  return {
    files,
    clock: { now: () => Temporal.Now.instant() },
    chance: { fraction: () => Math.random() },
    wait: (span) => new Promise((resolve) => setTimeout(resolve, span.total('milliseconds'))),
    say,
    limits: networkLimits,
    programs: { give: giveFiles, run: runCommand, hangUp },
  }
}

function showIdentities({ files }: DevicePorts, state: string) {
  const workingFile = join(state, fileOf.inUse('working'))
  const birthFile = join(state, fileOf.inUse('birth'))
  const working = readCredential(files, fileOf.inUse('working'))
  const birth = readCredential(files, fileOf.inUse('birth'))
  const waiting = files.read(fileOf.next('working')) !== undefined
  return {
    json: {
      working: working ? identityOf(working, workingFile, dueOf(working.leaf)) : null,
      birth: birth ? identityOf(birth, birthFile, dueOf(birth.leaf)) : null,
      unproven: waiting,
    },
    lines: [
      working ? workingLine(working, workingFile) : '  no working identity',
      ...(birth ? [birthLine(birth, birthFile)] : []),
      ...(waiting ? ['  a new identity was received and has not proved itself yet'] : []),
    ],
  }
}

/** With a TPM a code is needed only where the server does not know the TPM yet. */
async function codeFor(file: string | undefined, { tpm }: Settings): Promise<string | undefined> {
  return tpm !== undefined && file === undefined ? undefined : readCode(file)
}

function notEnrolled(state: string): Refused {
  return refuse('not-enrolled', `${state} holds no enrolment`)
}
