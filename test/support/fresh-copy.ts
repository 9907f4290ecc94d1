// SPDX-License-Identifier: Apache-2.0
/** The project as somebody has it who just fetched it, and npm as they run it. */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { basename, delimiter, join } from 'node:path'

const root = join(import.meta.dirname, '../..')
const left = new Set(['.git', 'node_modules', 'data', 'results'])

/** Copies the tree as a clone would give it: nothing installed, nothing made. */
export function copyFresh(): string {
  const copy = join(mkdtempSync(join(tmpdir(), 'vitalsign-fresh-')), 'vitalsign')
  cpSync(root, copy, { recursive: true, filter: (path) => !left.has(basename(path)) })
  return copy
}

/**
 * The environment of a person at a prompt: no Node of ours on the path, nothing of this test run. Whose word
 * about the package registry the machine takes is no matter of the run.
 */
export function plainEnvironment(more: Readonly<Record<string, string>> = {}) {
  const { NODE_EXTRA_CA_CERTS: authorities } = process.env
  const path = (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((one) => !one.endsWith(join('node_modules', '.bin')))
  return {
    ...{ PATH: path.join(delimiter), HOME: homedir(), LANG: 'C.UTF-8' },
    ...(authorities && { NODE_EXTRA_CA_CERTS: authorities }),
    ...more,
  }
}

/** The machine's own Node; undefined if it has none from 20 on, or no npm. */
export function ownNodeVersion(): string | undefined {
  const options = { env: plainEnvironment(), encoding: 'utf8' } as const
  const version = spawnSync('node', ['--version'], options).stdout?.trim()
  const npm = spawnSync('npm', ['--version'], options).status === 0
  return npm && Number(/^v(\d+)/.exec(version ?? '')?.[1]) >= 20 ? version : undefined
}

/** A command that runs, and what it said so far on both outputs. */
export class Running {
  readonly child: ChildProcessWithoutNullStreams
  said = ''
  readonly #closed: Promise<unknown[]>
  #heard = Promise.withResolvers<void>()

  constructor(
    directory: string,
    command: string,
    words: readonly string[],
    more: Readonly<Record<string, string>> = {},
  ) {
    this.child = spawn(command, words, {
      ...{ cwd: directory, env: plainEnvironment(more) },
      detached: true, // a process group of its own, as a shell makes one for each command
    })
    this.#closed = once(this.child, 'close')
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.said += text
        this.#wake()
      })
    }
    this.child.stdin.on('error', () => {}) // it need not read what it is given
    void this.#closed.then(() => this.#wake())
  }

  /** Resolves when it has said this, or has ended. */
  async until(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.said)
      if (found !== null) return found
      if (this.child.exitCode !== null) throw new Error(`ended without ${pattern}:\n${this.said}`)
      await this.#heard.promise
    }
  }

  /** What Ctrl-C does: the signal goes to every process of the command. */
  interrupt(): void {
    if (this.child.pid !== undefined) process.kill(-this.child.pid, 'SIGINT')
  }

  /** Resolves with its exit status once all its outputs are closed. */
  async end(signal?: NodeJS.Signals): Promise<number | null> {
    if (signal !== undefined) this.child.kill(signal)
    this.child.stdin.end()
    await this.#closed
    return this.child.exitCode
  }

  #wake(): void {
    this.#heard.resolve()
    this.#heard = Promise.withResolvers()
  }
}
