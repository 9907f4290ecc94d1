// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { askJson, Failed } from './programs.ts'

type Json = Readonly<Record<string, unknown>>

/** What an operator was told when a device was added: all that the device needs. */
interface Expected {
  /** The devices' address of the server. */
  readonly server: string
  readonly rootSha256: string
  readonly code: string
}

/** One installation and its devices, each with a state directory of its own. */
export class Scene {
  readonly directory: string
  readonly data: string
  readonly #expected = new Map<string, Expected>()
  /** How each came in, or did not, in the order in which it happened. */
  readonly #stories = new Map<string, string[]>()

  constructor(directory: string) {
    this.directory = directory
    this.data = join(directory, 'data')
  }

  operator(words: readonly string[], input = ''): Promise<Json> {
    return askJson('vitalsign', [...words, '--data', this.data], { input })
  }

  device(serial: string, words: readonly string[], status = 0): Promise<Json> {
    return askJson('vitalsign-device', [...words, '--state', this.stateOf(serial)], { status })
  }

  stateOf(serial: string): string {
    return join(this.directory, serial)
  }

  codeOf(serial: string): string {
    const { code } = this.#expected.get(serial) ?? {}
    if (code === undefined) throw new TypeError(`${serial} was never expected`)
    return code
  }

  /** Adds a device and makes its code. */
  async expect(serial: string, more: readonly string[] = []): Promise<Expected> {
    const told = await this.operator(['device', 'add', serial, '--product', 'pump', ...more])
    const { server, rootSha256, code } = told as Omit<Expected, 'code'> & {
      readonly code: { readonly code: string }
    }
    const expected = { server, rootSha256, code: code.code }
    this.#expected.set(serial, expected)
    return expected
  }

  /** Adds a device and enrols it with its code. @returns what the device says of its identity */
  async enrol(serial: string, more: readonly string[] = []): Promise<Json> {
    const expected = await this.expect(serial)
    const came = await this.#enrol(serial, serial, expected, expected.code, 0, more)
    this.note(serial, 'enrolled by code')
    return came
  }

  /** Tries to enrol with a new state directory. @returns the server's own words @throws Failed if it comes in */
  async enrolRefused(state: string, serial: string, code: string): Promise<string> {
    const [expected] = this.#expected.values()
    if (expected === undefined) throw new TypeError('nobody is expected yet')
    const { detail } = await this.#enrol(state, serial, expected, code, 1)
    return String(detail)
  }

  #enrol(
    state: string,
    serial: string,
    { server, rootSha256 }: Expected,
    code: string,
    status: number,
    more: readonly string[] = [],
  ): Promise<Json> {
    const whom = ['--server', server, '--root', rootSha256, '--serial', serial]
    const how = ['--code-file', '-', '--once', '--state', this.stateOf(state)]
    const input = `${code}\n`
    return askJson('vitalsign-device', ['enrol', ...whom, ...how, ...more], { status, input })
  }

  /** Verifies an exported log, with no server. @throws Failed if anything is found */
  async verifyLog(file: string): Promise<{ readonly events: number }> {
    const found = await askJson('vitalsign', ['log', 'verify', file])
    if (found['intact'] !== true) throw new Failed(`the log: ${JSON.stringify(found)}`)
    return { events: Number(found['events']) }
  }

  /** Writes down what happened to someone, for the table. */
  note(who: string, what: string): void {
    this.#stories.set(who, [...(this.#stories.get(who) ?? []), what])
  }

  /** The table: who, how it came, and what the ledger says of it. @throws Failed if the two do not agree */
  async rows(): Promise<readonly (readonly string[])[]> {
    const { items } = (await this.operator(['device', 'list', '--all'])) as {
      readonly items: readonly { readonly serial: string; readonly state: string }[]
    }
    const states = new Map(items.map(({ serial, state }) => [serial, state]))
    const rows = [...this.#stories].toSorted(([one], [other]) => (one < other ? -1 : 1))
    for (const [who, [first]] of rows) {
      const isIn = states.get(who) === 'active'
      if (isIn !== (first === 'enrolled by code')) throw new Failed(`${who} is ${states.get(who)}`)
    }
    return [
      ['device', 'state', 'what happened'],
      ...rows.map(([who, what]) => [who, states.get(who) ?? '-', what.join(', ')]),
    ]
  }
}
