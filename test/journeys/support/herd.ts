// SPDX-License-Identifier: Apache-2.0
/** Devices, each `vitalsign-device` in a directory of its own, behind a balancer that passes TLS through. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server as TcpServer } from 'node:net'
import { join } from 'node:path'
import { Running } from '../../support/fresh-copy.ts'
import { run } from './person.ts'

const program = join(import.meta.dirname, '../../../bin/vitalsign-device')

/** One address for devices: a connection goes to the next server that takes it, unopened. */
export class Balancer {
  readonly #server: TcpServer
  #targets: readonly number[] = []
  #turn = 0

  private constructor() {
    this.#server = createServer({ pauseOnConnect: true }, (client) => {
      client.on('error', () => {})
      const turn = this.#turn++
      const order = this.#targets.map((_, at, all) => all[(turn + at) % all.length])
      const next = () => {
        const port = order.shift()
        if (port === undefined) return client.destroy()
        const server = connect(port, '127.0.0.1')
        server.once('error', next).once('connect', () => {
          server.off('error', next).on('error', () => client.destroy())
          client.on('error', () => server.destroy())
          client.pipe(server).pipe(client)
        })
      }
      next()
    })
  }

  static async open(): Promise<Balancer> {
    const balancer = new Balancer()
    balancer.#server.listen(0, '127.0.0.1')
    await once(balancer.#server, 'listening')
    return balancer
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** To whom connections go from now on: ports of this machine. */
  leadTo(...ports: readonly number[]): void {
    this.#targets = ports
  }

  close(): void {
    this.#server.close()
  }
}

/** Devices that renew as often as they are asked to, by themselves, whatever stands in the way. */
export class Herd {
  /** The serial numbers of all identities that devices were given, and proved, in their order. */
  readonly renewed: string[] = []
  readonly serials: string[] = []
  readonly #directory: string
  readonly #under = new Set<Running>()
  #wanted = 0
  #waiting: (() => void)[] = []
  #loops: Promise<void>[] = []
  #isOver = false

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Takes a device through its first enrolment; from then on it renews with the others. */
  async enrol(serial: string, code: string, words: string): Promise<void> {
    const line = `enrol ${words} --serial ${serial} --state ${serial} --code-file - --once`
    await run(this.#directory, `vitalsign-device ${line}`, { input: `${code}\n` })
    this.serials.push(serial)
    this.#loops.push(this.#live(serial))
  }

  /** Resolves when the devices have renewed so often more; those of `beginMore` count. */
  async more(count: number): Promise<void> {
    this.beginMore(count)
    const goal = this.#wanted
    while (this.renewed.length < goal) {
      await Promise.race([this.#news(), ...this.#loops])
      assert.ok(!this.#isOver)
    }
  }

  /** Has the devices renew so often more, without waiting for it. */
  beginMore(count: number): void {
    this.#wanted += count
    this.#tell()
  }

  /** Switches the devices off, whatever they are about. */
  async end(): Promise<void> {
    this.#isOver = true
    this.#tell()
    await Promise.all([...this.#under].map((running) => running.end('SIGTERM')))
    await Promise.all(this.#loops)
  }

  async #live(serial: string): Promise<void> {
    while (!this.#isOver) {
      if (this.renewed.length + this.#under.size >= this.#wanted) {
        await this.#news()
        continue
      }
      const words = ['renew', '--now', '--json', '--state', serial]
      const running = new Running(this.#directory, program, words)
      this.#under.add(running)
      const status = await running.end()
      this.#under.delete(running)
      if (this.#isOver) return
      assert.equal(status, 0, `${serial}: ${running.said}`)
      const { kind, working } = JSON.parse(running.said.slice(running.said.indexOf('{')))
      assert.equal(kind, 'renewed')
      this.renewed.push(working.serialNumber)
      this.#tell()
    }
  }

  #news(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #tell(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
