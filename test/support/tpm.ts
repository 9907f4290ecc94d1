// SPDX-License-Identifier: Apache-2.0
/** Software TPMs of their own for tests: each with an authority that certified its endorsement keys. */
import { execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  watch,
  writeFileSync,
} from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import { openTpmLink, type TpmLink } from '#device/tpm/link.ts'
import type { TpmCommand } from '#format/tpm/command/command.ts'
import { exchange } from '#format/tpm/command/exchange.ts'

const run = promisify(execFile)
const peers = ['swtpm', 'swtpm_setup', 'tpm2_getrandom']
const missing = peers.filter((name) => spawnSync(name, ['--version']).error !== undefined)

/** Why a test that needs a TPM is left out, or false; where peers are required it runs and fails. */
export const withoutTpm: string | false =
  missing.length === 0 || process.env.PEERS === 'required'
    ? false
    : `peers not installed: ${missing.join(', ')}`

/** A maker of TPMs: swtpm's own authority, in a directory of its own. */
export interface TpmMaker {
  readonly directory: string
  /** The root and the issuing certificate, as PEM. */
  authority(): { readonly root: string; readonly issuer: string }
  remove(): void
}

export function openTpmMaker(): TpmMaker {
  const directory = mkdtempSync(join(tmpdir(), 'vitalsign-tpm-maker-'))
  const file = (name: string) => join(directory, name)
  writeFileSync(
    file('localca.conf'),
    [
      `statedir = ${directory}`,
      `signingkey = ${file('signkey.pem')}`,
      `issuercert = ${file('issuercert.pem')}`,
      `certserial = ${file('certserial')}`,
    ].join('\n'),
  )
  writeFileSync(
    file('localca.options'),
    '--platform-manufacturer Example\n--platform-version 1\n--platform-model Test\n',
  )
  writeFileSync(
    file('setup.conf'),
    [
      `create_certs_tool = ${process.env['SWTPM_LOCALCA'] ?? '/usr/bin/swtpm_localca'}`,
      `create_certs_tool_config = ${file('localca.conf')}`,
      `create_certs_tool_options = ${file('localca.options')}`,
      'active_pcr_banks = sha256',
    ].join('\n'),
  )
  return {
    directory,
    authority: () => ({
      root: readFileSync(file('swtpm-localca-rootca-cert.pem'), 'utf8'),
      issuer: readFileSync(file('issuercert.pem'), 'utf8'),
    }),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  }
}

/** One TPM that runs. */
export interface SoftTpm {
  readonly directory: string
  /** Where it takes commands. */
  readonly socket: string
  /** As tpm2-tools are told, in TPM2TOOLS_TCTI. */
  readonly tcti: string
  readonly link: TpmLink
  /** Asks it one command. */
  ask<T>(command: TpmCommand<T>): Promise<T>
  /** Runs one of tpm2-tools against it, in its directory, and gives what it prints. */
  tool(name: string, ...words: readonly string[]): Promise<string>
  /** Ends it as power does; what it keeps stays. */
  stop(): Promise<void>
  /** Starts it anew, with transient objects and sessions gone. */
  start(): Promise<void>
  /** Stops it and removes its directory. */
  remove(): Promise<void>
}

/**
 * A fresh TPM: with `maker` its endorsement keys are at 0x81010001 and 0x81010016, with certificates in its memory,
 * and a storage root key at 0x81000001; without, it is as bare as a chip that nobody provisioned.
 */
export async function makeTpm(maker?: TpmMaker): Promise<SoftTpm> {
  const directory = mkdtempSync(join(tmpdir(), 'vitalsign-tpm-'))
  const state = join(directory, 'state')
  mkdirSync(state)
  if (maker !== undefined) {
    const config = join(maker.directory, 'setup.conf')
    const words = ['--tpm2', '--tpm-state', `dir://${state}`, '--config', config, '--overwrite']
    await run('swtpm_setup', [...words, '--create-ek-cert', '--create-spk', '--ecc'])
  }
  const socket = join(directory, 'tpm.sock')
  const tcti = `swtpm:path=${socket}`
  const link = openTpmLink({ kind: 'socket', path: socket }, 60_000)
  let process: ReturnType<typeof spawn> | undefined

  const start = async () => {
    const control = `${socket}.ctrl`
    const made = appearance(directory, 'tpm.sock')
    process = spawn(
      'swtpm',
      [
        ...['socket', '--tpm2', '--tpmstate', `dir=${state}`],
        ...['--server', `type=unixio,path=${socket}`, '--ctrl', `type=unixio,path=${control}`],
        ...['--flags', 'not-need-init,startup-clear', '--log', `file=${join(directory, 'log')}`],
      ],
      { stdio: 'ignore' },
    )
    await Promise.race([made.then(() => listening(socket)), ended(process, directory)])
  }
  const stop = async () => {
    await link.close()
    const running = process
    process = undefined
    if (running === undefined || running.exitCode !== null) return
    const gone = once(running, 'exit')
    running.kill('SIGTERM')
    await gone
    rmSync(socket, { force: true })
  }
  await start()
  return {
    directory,
    socket,
    tcti,
    link,
    ask: (command) => exchange(link.transport, command),
    async tool(name, ...words) {
      // swtpm takes one who asks at a time.
      await link.close()
      const env = { PATH: globalThis.process.env['PATH'] ?? '', TPM2TOOLS_TCTI: tcti }
      const { stdout } = await run(name, [...words], { cwd: directory, env })
      // Without a resource manager what a tool loads stays loaded.
      await run('tpm2_flushcontext', ['-t'], { cwd: directory, env })
      return stdout
    },
    start,
    stop,
    async remove() {
      await stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** Resolves when the file is there. */
async function appearance(directory: string, name: string): Promise<void> {
  const watcher = watch(directory)
  const seen = new Promise<void>((resolve) => {
    watcher.on('change', () => {
      if (existsSync(join(directory, name))) resolve()
    })
  })
  if (!existsSync(join(directory, name))) await seen
  watcher.close()
}

/** Resolves when somebody listens: the file of a socket is there a moment before. */
async function listening(path: string): Promise<void> {
  for (;;) {
    const socket = connect({ path })
    const what = await new Promise<string>((resolve) => {
      socket.once('connect', () => resolve('connected'))
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    })
    socket.destroy()
    if (what === 'connected') return
    if (what !== 'ECONNREFUSED') throw new Error(`cannot connect to ${path}: ${what}`)
    await setImmediate()
  }
}

async function ended(process: ReturnType<typeof spawn>, directory: string): Promise<never> {
  await once(process, 'exit')
  const log = join(directory, 'log')
  throw new Error(`swtpm ended: ${existsSync(log) ? readFileSync(log, 'utf8') : 'no log'}`)
}
