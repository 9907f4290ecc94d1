// SPDX-License-Identifier: Apache-2.0
/** A token of SoftHSM in a directory of its own, for the tests that need a PKCS #11 module. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import type { Pins } from '#edge/pkcs11/pins.ts'
import { Pkcs11Backend, type Pkcs11Ports, type TokenSettings } from '#edge/pkcs11/pkcs11-backend.ts'

export const softHsm = '/usr/lib/softhsm/libsofthsm2.so'

const isThere = existsSync(softHsm) && spawnSync('pkcs11-tool', ['--help']).error === undefined
/** For `test`: why a token cannot be had here. */
export const withoutToken =
  isThere || process.env['PEERS'] === 'required' ? false : 'softhsm2 or opensc is missing'

export const rightPin = '271828'
const officerPin = '31415926'

export interface SoftToken {
  readonly label: string
  /** SOFTHSM2_CONF, for whoever asks it from another process. */
  readonly configuration: string
  /** Takes all tokens away at once, as a cable does. */
  pull(): void
  plug(): void
  /** pkcs11-tool on it, logged in; gives what it prints, asserting that it did it. */
  tool(...words: readonly string[]): string
  /** The same, for what must not work. */
  toolRefuses(...words: readonly string[]): string
}

/**
 * Makes a token of this label; from here on this process, and those that it starts, see no other. Several labels
 * are several tokens of one module.
 */
export function softToken(...labels: readonly [string, ...string[]]): SoftToken {
  const place = mkdtempSync(join(tmpdir(), 'vitalsign-token-'))
  after(() => rmSync(place, { recursive: true, force: true }))
  const tokens = join(place, 'tokens')
  mkdirSync(tokens)
  const configuration = join(place, 'softhsm2.conf')
  writeFileSync(
    configuration,
    `directories.tokendir = ${tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`,
  )
  process.env['SOFTHSM2_CONF'] = configuration
  for (const label of labels) {
    const made = spawnSync(
      'softhsm2-util',
      ['--init-token', '--free', '--label', label, '--pin', rightPin, '--so-pin', officerPin],
      { encoding: 'utf8' },
    )
    assert.equal(made.status, 0, made.stderr)
  }
  const [label] = labels
  const run = (words: readonly string[]) =>
    spawnSync(
      'pkcs11-tool',
      ['--module', softHsm, '--token-label', label, '--login', '--pin', rightPin, ...words],
      { encoding: 'utf8', env: { ...process.env, SOFTHSM2_CONF: configuration } },
    )
  return {
    ...{ label, configuration },
    pull: () => renameSync(tokens, `${tokens}-away`),
    plug: () => renameSync(`${tokens}-away`, tokens),
    tool: (...words) => {
      const { status, stdout, stderr } = run(words)
      assert.equal(status, 0, stderr)
      return stdout
    },
    toolRefuses: (...words) => {
      const { status, stdout, stderr } = run(words)
      assert.notEqual(status, 0, stdout)
      return stdout + stderr
    },
  }
}

/** Gives this PIN once it was not refused, and counts what was told of it. */
export class OnePin implements Pins {
  pin: string
  tried = 0
  refusals = 0
  /** What others gave the token before. */
  afterRefusal = true
  #notAgain: string | undefined
  #opened: string | undefined

  constructor(pin: string) {
    this.pin = pin
  }

  async next() {
    if (this.#notAgain === this.pin)
      return { kind: 'wait', because: 'the PIN was tried, and nobody gave another' } as const
    return { kind: 'pin', pin: this.pin, afterRefusal: this.afterRefusal } as const
  }

  async trying(): Promise<void> {
    this.tried++
    if (this.#opened !== this.pin) this.#notAgain = this.pin
  }

  async refused(): Promise<void> {
    this.refusals++
    this.#notAgain = this.pin
  }

  async accepted(): Promise<void> {
    this.#opened = this.pin
    this.#notAgain = undefined
  }
}

/** Quick to try again, and as patient as a slow machine under test needs. */
export const quickPatience = {
  ...{ open: 20_000, make: 60_000, sign: 10_000, settled: 60_000, look: 100 },
  again: [20, 50, 100],
}

export async function openTokenBackend(
  token: SoftToken,
  settings: Partial<TokenSettings> = {},
  ports: Partial<Pkcs11Ports> = {},
): Promise<Pkcs11Backend> {
  const backend = new Pkcs11Backend(
    {
      ...{ module: softHsm, label: token.label, serial: undefined, certificate: undefined },
      ...settings,
    },
    { pins: new OnePin(rightPin), report: () => {}, patience: quickPatience, ...ports },
  )
  after(() => backend.close())
  await backend.open()
  return backend
}

/** Resolves once the backend is in this state. */
export function becomes(backend: Pkcs11Backend, state: 'up' | 'away' | 'stopped'): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const look = () => {
    if (backend.health().state === state) resolve()
  }
  backend.onChange(look)
  look()
  return promise
}
