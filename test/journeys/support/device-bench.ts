// SPDX-License-Identifier: Apache-2.0
/** A device for the tests: real TLS, files in memory that power may leave, a clock that stands where told. */
import type { Credential } from '#device/credential.ts'
import { type Enrolment, enrol } from '#device/enrol.ts'
import type { DevicePorts } from '#device/ports.ts'
import type { Files } from '#device/state/files.ts'
import type { Settings } from '#device/state/settings.ts'
import { fileOf, readCredential } from '#device/state/state.ts'
import type { TestServer } from './est-server.ts'

/** Power went; nothing more happens in this run. */
export class PowerCut extends Error {
  override readonly name = 'PowerCut'
}

/**
 * Files on a disk whose power fails before a chosen step.
 *
 * `survivors` says what the disk kept of the steps since the last `sync`: all of them, or none.
 */
export class FragileFiles implements Files {
  readonly #durable: Map<string, Uint8Array>
  #now: Map<string, Uint8Array>
  #stepsLeft: number
  /** Steps taken so far. */
  steps = 0

  constructor(content: ReadonlyMap<string, Uint8Array> = new Map(), stepsLeft = Infinity) {
    this.#durable = new Map(content)
    this.#now = new Map(content)
    this.#stepsLeft = stepsLeft
  }

  /** The disk as it is found when power comes back. */
  after(survivors: 'all' | 'none'): ReadonlyMap<string, Uint8Array> {
    return new Map(survivors === 'all' ? this.#now : this.#durable)
  }

  read(name: string): Uint8Array | undefined {
    return this.#now.get(name)
  }

  names(): readonly string[] {
    return [...this.#now.keys()]
  }

  write(name: string, bytes: Uint8Array): void {
    // A cut in the middle of writing leaves a part of the bytes under the name.
    this.#step(() => this.#now.set(name, bytes.slice(0, bytes.length / 2)))
    this.#now.set(name, bytes)
  }

  rename(from: string, to: string): void {
    this.#step()
    const bytes = this.#now.get(from)
    if (bytes === undefined) throw new Error(`no ${from}`)
    this.#now.set(to, bytes)
    this.#now.delete(from)
  }

  remove(name: string): void {
    this.#step()
    this.#now.delete(name)
  }

  sync(): void {
    this.#step()
    this.#durable.clear()
    for (const [name, bytes] of this.#now) this.#durable.set(name, bytes)
  }

  #step(torn?: () => void) {
    if (this.#stepsLeft === 0) {
      torn?.()
      throw new PowerCut('power cut')
    }
    this.#stepsLeft -= 1
    this.steps += 1
  }
}

export interface Bench extends DevicePorts {
  readonly files: FragileFiles
  /** What a person would have read. */
  readonly said: string[]
  /** Milliseconds that the device would have slept, pause by pause. */
  readonly waited: number[]
}

/** A device on files of its own, whose clock stands at `now`. */
export function benchOf(
  files: FragileFiles = new FragileFiles(),
  now: Temporal.Instant = Temporal.Now.instant(),
  limits = { connectMilliseconds: 20_000, answerMilliseconds: 20_000, answerBytes: 262_144 },
): Bench {
  const said: string[] = []
  const waited: number[] = []
  return {
    files,
    said,
    waited,
    limits,
    clock: { now: () => now },
    chance: { fraction: () => 0.5 },
    say: (line) => said.push(line),
    wait: async (span) => void waited.push(span.total('milliseconds')),
  }
}

export function settingsFor(server: TestServer, serial: string, label?: string): Settings {
  return { server: server.url, label, serial, root: server.fingerprint, keyAlgorithm: 'p-256' }
}

/** Lets the server expect a device with this code. */
export function expectDevice(server: TestServer, serial: string, ...codes: string[]) {
  server.codes.set(serial, new Set(codes))
}

/** A wish to enrol at the test server with the code "right", giving up at the first obstacle. */
export function enrolmentAt(
  server: TestServer,
  serial: string,
  more: Partial<Enrolment> = {},
): Enrolment {
  const settings = settingsFor(server, serial, more.birth ? 'line' : undefined)
  return { settings, code: 'right', birth: false, again: false, attempts: 1, ...more }
}

/** A bench whose device is enrolled, and what it keeps its identity in. */
export async function enrolledBench(
  server: TestServer,
  serial: string,
  more: Partial<Enrolment> = {},
): Promise<Bench> {
  expectDevice(server, serial, 'right')
  const bench = benchOf(new FragileFiles(), server.rules.now)
  const done = await enrol(bench, enrolmentAt(server, serial, more))
  if (done.kind === 'refused') throw new Error(`not enrolled: ${done.detail}`)
  return bench
}

export function workingOf({ files }: Bench): Credential {
  const working = readCredential(files, fileOf.inUse('working'))
  if (working === undefined) throw new Error('no working identity')
  return working
}
