// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events'
import { arrayBuffer } from 'node:stream/consumers'
import type { Means } from '../means.ts'
import { exit, Stop, wrongUse } from '../stop.ts'
import { askHidden, askLine } from './ask.ts'
import { type Paint, paintFor } from './paint.ts'
import { Progress } from './progress.ts'

/** Where a command speaks and asks: answers to standard output, all else to standard error. */
export class Terminal {
  readonly paint: Paint
  readonly #errorPaint: Paint
  readonly #means: Means
  #progress: Progress | undefined
  #inputLines: string[] | undefined

  constructor(means: Means) {
    this.#means = means
    this.paint = paintFor(means.output, means.noColour)
    this.#errorPaint = paintFor(means.errors, means.noColour)
  }

  /** The width of the terminal; undefined where there is none, so nothing is cut. */
  get columns(): number | undefined {
    return this.#means.output.isTTY === true ? this.#means.output.columns : undefined
  }

  /** Writes text or bytes as they are, no faster than they are read. */
  async write(chunk: string | Uint8Array): Promise<void> {
    this.#progress?.clear()
    if (!this.#means.output.write(chunk)) await once(this.#means.output, 'drain')
  }

  /** Writes a line of the answer. */
  line(text = ''): Promise<void> {
    return this.write(`${text}\n`)
  }

  error(message: string): void {
    for (const line of message.split('\n')) {
      this.note(`vitalsign: ${this.#errorPaint('red', 'error:')} ${line}`)
    }
  }

  hint(message: string): void {
    this.note(`vitalsign: ${this.#errorPaint('yellow', 'hint:')} ${message}`)
  }

  /** Something to be known that is neither the answer nor an error. */
  note(message: string): void {
    this.#progress?.clear()
    this.#means.errors.write(`${message}\n`)
  }

  /** Shows that something goes on, once it takes more than a second. */
  progress(text: string): Progress {
    this.#progress = new Progress(this.#means.errors, text)
    return this.#progress
  }

  /** Shows `text` while the promise is pending for more than a second. */
  async waiting<T>(text: string, promise: Promise<T>): Promise<T> {
    const progress = this.progress(text)
    return promise.finally(() => progress.end())
  }

  /** Whether a person sits there who can be asked. */
  get canAsk(): boolean {
    return this.#means.input.isTTY === true && this.#means.errors.isTTY === true
  }

  /** Asks a person for a line; undefined if an optional one was left empty. @throws Stop */
  ask(message: string, { optional = false } = {}): Promise<string | undefined> {
    return askLine(message, this.#means.errors, optional)
  }

  /**
   * A secret: asked for without echo, or the next line of standard input where nobody can be asked.
   *
   * @throws Stop if there is none
   */
  async secret(message: string, { twice = false } = {}): Promise<string> {
    if (!this.canAsk) return this.#nextInputLine(message)
    const { errors } = this.#means
    const first = await askHidden(message, errors)
    if (!twice || (await askHidden('once more', errors)) === first) return first
    throw new Stop(exit.wrongUse, 'the two do not agree; nothing was done')
  }

  async #nextInputLine(what: string): Promise<string> {
    this.#inputLines ??= new TextDecoder().decode(await this.readInput()).split(/\r?\n/)
    const line = this.#inputLines.shift()
    if (line) return line
    throw wrongUse(
      `${what}: standard input has no line for it`,
      'run this at a terminal, or give it as a line of standard input; never as an argument',
    )
  }

  /** All of standard input. */
  async readInput(): Promise<Uint8Array> {
    return new Uint8Array(await arrayBuffer(this.#means.input))
  }

  /** Standard input as it comes. */
  input(): AsyncIterable<Uint8Array> {
    return this.#means.input
  }
}
