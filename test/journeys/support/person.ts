// SPDX-License-Identifier: Apache-2.0
/** What one person does at prompts: commands to their end, and servers that run until they are ended. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { Running } from '../../support/fresh-copy.ts'

const bin = join(import.meta.dirname, '../../../bin')

export interface Command {
  /** The exit status that is expected. */
  readonly status?: number
  /** Standard input. */
  readonly input?: string
}

/** Runs a program of ours, its words parted by spaces, to its end; gives all that it said. */
export async function run(directory: string, line: string, command: Command = {}): Promise<string> {
  const [program = '', ...words] = line.split(' ')
  const running = new Running(directory, join(bin, program), words)
  running.child.stdin.end(command.input ?? '')
  const status = await running.end()
  assert.equal(status, command.status ?? 0, `${line}\n${running.said}`)
  return running.said
}

/** A server and where it answers. */
export class Server {
  readonly data: string
  readonly #running: Running
  devices = 0
  status = 0

  private constructor(directory: string, data: string) {
    this.data = data
    this.#running = new Running(directory, join(bin, 'vitalsign'), ['serve', '--data', data])
  }

  /** Starts it on its data directory; resolves once it serves. */
  static async start(directory: string, data: string): Promise<Server> {
    const server = new Server(directory, data)
    const port = async (name: string) =>
      Number((await server.#running.until(new RegExp(`^  ${name} +\\w+://[\\w.]+:(\\d+)`, 'm')))[1])
    server.devices = await port('devices')
    server.status = await port('status')
    await server.#running.until(/^ {2}keys /m)
    return server
  }

  get said(): string {
    return this.#running.said
  }

  /** As `systemctl stop` does; it must end in good order. */
  async stop(): Promise<void> {
    assert.equal(await this.#running.end('SIGTERM'), 0, this.said)
  }

  /** As a cut of power does. */
  async kill(): Promise<void> {
    await this.#running.end('SIGKILL')
  }

  /** What the status port answers. */
  async fetch(path: string): Promise<string> {
    const answer = await fetch(`http://127.0.0.1:${this.status}${path}`)
    return answer.text()
  }
}
