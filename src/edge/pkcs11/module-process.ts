// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from 'node:child_process'
import type { Duplex } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { parseFailure } from './answers.ts'
import { encodeFrame, type FrameKind, FrameReader, frameKinds } from './frames.ts'
import { hangExit, mostSessions } from './sessions.ts'
import { TokenFailure } from './token-failure.ts'

interface Waiter {
  readonly resolve: (content: Uint8Array) => void
  readonly reject: (failure: TokenFailure) => void
  readonly patienceMilliseconds: number
}

/** A process that has the module, from its start to its end. It is never started again: another one is. */
export class ModuleProcess {
  readonly #process: ChildProcess
  readonly #pipe: Duplex
  readonly #waiting = new Map<number, Waiter>()
  readonly #ended = Promise.withResolvers<string>()
  #next = 0
  readonly #unsent: Uint8Array[] = []
  /** Whether a PIN is among what is not sent yet. */
  #hasSecret = false
  #watch: NodeJS.Timeout | undefined
  /** Why it was ended, if it was we who did it. */
  #because: string | undefined

  constructor() {
    const file = fileURLToPath(new URL('child.ts', import.meta.url))
    const words = [process.execPath, '--disable-warning=ExperimentalWarning', file]
    // Its memory has the PIN for a moment: when the module crashes, none of it goes into a file.
    this.#process = spawn('/bin/sh', ['-c', 'ulimit -c 0; exec "$0" "$@"', ...words], {
      // What a module prints is no answer; what it says of its own crash belongs where ours stands.
      stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
      // Modules find their settings by the environment. Signatures on threads need a thread each.
      env: { ...process.env, UV_THREADPOOL_SIZE: String(mostSessions) },
    })
    this.#pipe = this.#process.stdio[3] as Duplex
    const frames = new FrameReader()
    this.#pipe.on('data', (piece: Buffer) => {
      try {
        for (const frame of frames.read(piece))
          this.#hear(frame.question, frame.kind, frame.content)
      } catch (error) {
        if (!(error instanceof RangeError)) throw error
        this.kill(`the process of the module wrote ${error.message}`)
      }
    })
    // Writing to one that is gone; its end is told below.
    this.#pipe.on('error', () => {})
    this.#process.on('error', (error) => this.#end(`it cannot be started: ${error.message}`))
    this.#process.on('exit', (code, signal) => this.#end(endWords(code, signal)))
  }

  /** Resolves with why, in words, once it is gone; every question was answered or rejected by then. */
  get ended(): Promise<string> {
    return this.#ended.promise
  }

  get id(): number | undefined {
    return this.#process.pid
  }

  get waiting(): number {
    return this.#waiting.size
  }

  /**
   * Asks, and waits for the answer.
   *
   * A process that answers nothing at all for as long as the most patient of the waiting questions allows is
   * killed: only that ends a module that hangs.
   *
   * @param patienceMilliseconds how long it may be busy with this one alone
   * @throws TokenFailure
   */
  ask(kind: FrameKind, content: Uint8Array, patienceMilliseconds: number): Promise<Uint8Array> {
    const question = this.#next
    this.#next = (this.#next + 1) >>> 0
    const frame = encodeFrame({ question, kind, content })
    return new Promise((resolve, reject) => {
      this.#waiting.set(question, { resolve, reject, patienceMilliseconds })
      if (this.#waiting.size === 1 || kind !== frameKinds.sign) this.#watchOver()
      this.#hasSecret ||= kind === frameKinds.logIn
      this.#write(frame)
    })
  }

  /** Ends it at once, whatever it does. */
  kill(because: string): void {
    this.#because ??= because
    this.#process.kill('SIGKILL')
  }

  /** Lets it log out and end by itself; it is killed if it does not. */
  async end(): Promise<void> {
    this.#because ??= 'it was ended'
    this.#pipe.end()
    const late = setTimeout(() => this.#process.kill('SIGKILL'), endMilliseconds)
    await this.#ended.promise
    clearTimeout(late)
  }

  /** What is asked in one turn goes over in one piece. */
  #write(frame: Uint8Array): void {
    if (this.#unsent.length === 0) setImmediate(() => this.#send())
    this.#unsent.push(frame)
  }

  #send(): void {
    const frames = this.#unsent.splice(0)
    const [only] = frames
    const piece = only !== undefined && frames.length === 1 ? only : Buffer.concat(frames)
    const hasSecret = this.#hasSecret
    this.#hasSecret = false
    this.#pipe.write(piece, () => {
      if (!hasSecret) return
      for (const frame of frames) frame.fill(0)
      piece.fill(0)
    })
  }

  #hear(question: number, kind: FrameKind, content: Uint8Array): void {
    const waiter = this.#waiting.get(question)
    if (waiter === undefined) return
    const failure = kind === frameKinds.answer ? undefined : parseFailure(content)
    this.#waiting.delete(question)
    if (this.#waiting.size === 0) {
      clearTimeout(this.#watch)
      this.#watch = undefined
    } else this.#watch?.refresh()
    if (failure === undefined) waiter.resolve(content.slice())
    else waiter.reject(new TokenFailure(failure.verdict, failure.message))
  }

  #watchOver(): void {
    clearTimeout(this.#watch)
    const patience = Math.max(
      ...[...this.#waiting.values()].map((waiter) => waiter.patienceMilliseconds),
    )
    const because = `the module answered nothing for ${patience / 1000} s and was killed`
    this.#watch = setTimeout(() => this.kill(because), patience)
  }

  #end(how: string): void {
    clearTimeout(this.#watch)
    const because = this.#because ?? how
    for (const { reject } of this.#waiting.values()) reject(new TokenFailure('away', because))
    this.#waiting.clear()
    this.#ended.resolve(because)
  }
}

/** Logging out is one round trip; who is stopped waits no longer. */
const endMilliseconds = 2_000

function endWords(code: number | null, signal: NodeJS.Signals | null): string {
  if (code === hangExit)
    return 'a signature in the module took too long, and its process ended itself'
  if (signal !== null) return `the process of the module was ended by ${signal}`
  return `the process of the module ended with status ${code}`
}
