// SPDX-License-Identifier: Apache-2.0
import type * as pkcs11js from 'pkcs11js'
import { flag } from './cryptoki.ts'

type Handle = pkcs11js.Handle

/** So many signatures are under way in a token at once; small tokens have 16 sessions in all. */
export const mostSessions = 8
/** A token that signs within this is asked in place: a thread would take longer to hear of it. */
const fastMicroseconds = 400
/** So many signatures tell whether a token is fast. */
const tries = 16
/** A single signature in a session of its own; a module that takes longer hangs. */
const longestMilliseconds = 10_000

/**
 * The sessions of an open token: one for what is read, one for what is written, and several that sign.
 *
 * A fast token (a library in this machine) signs on this thread, the fastest way there is; a slow one (a
 * module on the network, a stick) signs in several sessions at once, on threads.
 */
export class Sessions {
  readonly #module: pkcs11js.PKCS11
  readonly #slot: Handle
  readonly #alwaysOnThreads: boolean
  readonly #reading: Handle
  #writing: Handle | undefined
  readonly #idle: Handle[] = []
  #open = 0
  readonly #waiting: ((session: Handle) => void)[] = []
  #tried = 0
  #fastest = Number.POSITIVE_INFINITY
  readonly #scratch = Buffer.alloc(mostSignatureOctets)
  /** What a thread reads: the library holds no reference to it, and the collector would take it away. */
  readonly #underThreads = new Set<Buffer>()

  constructor(module: pkcs11js.PKCS11, slot: Handle, alwaysOnThreads: boolean) {
    this.#module = module
    this.#slot = slot
    this.#alwaysOnThreads = alwaysOnThreads
    this.#reading = module.C_OpenSession(slot, flag.serialSession)
  }

  check(): void {
    this.#module.C_GetSessionInfo(this.#reading)
  }

  reading<T>(work: (session: Handle) => T): T {
    return work(this.#reading)
  }

  writing<T>(work: (session: Handle) => T): T {
    this.#writing ??= this.#module.C_OpenSession(
      this.#slot,
      flag.serialSession | flag.readWriteSession,
    )
    return work(this.#writing)
  }

  /** Takes seconds for RSA, so that it has a session for itself. */
  async generating<T>(work: (session: Handle) => Promise<T>): Promise<T> {
    const session = this.#module.C_OpenSession(
      this.#slot,
      flag.serialSession | flag.readWriteSession,
    )
    try {
      return await work(session)
    } finally {
      this.#module.C_CloseSession(session)
    }
  }

  /** The signature; one that is made in place is a view that the next one overwrites. */
  sign(key: Handle, how: pkcs11js.Mechanism, input: Buffer): Uint8Array | Promise<Uint8Array> {
    return this.#isFast ? this.#signHere(key, how, input) : this.#signOnThread(key, how, input)
  }

  /** Until it is known, it is taken for fast. The fastest try counts: a busy machine only makes tries slower. */
  get #isFast(): boolean {
    return !this.#alwaysOnThreads && (this.#tried < tries || this.#fastest < fastMicroseconds)
  }

  #signHere(key: Handle, how: pkcs11js.Mechanism, input: Buffer): Uint8Array {
    const before = this.#tried < tries ? process.hrtime.bigint() : undefined
    this.#module.C_SignInit(this.#reading, how, key)
    // Copied into its frame before the next one is made.
    const signature = this.#module.C_Sign(this.#reading, input, this.#scratch)
    if (before === undefined) return signature
    this.#tried++
    this.#fastest = Math.min(this.#fastest, Number(process.hrtime.bigint() - before) / 1000)
    return signature
  }

  async #signOnThread(key: Handle, how: pkcs11js.Mechanism, input: Buffer): Promise<Uint8Array> {
    // A copy of its own: the pipe's memory is not ours to keep for so long.
    const kept = Buffer.from(input)
    this.#underThreads.add(kept)
    const session = this.#idle.pop() ?? (await this.#another())
    // The thread cannot be called back: this process is no use any more, and whoever started it starts another.
    const hung = setTimeout(() => process.exit(hangExit), longestMilliseconds)
    try {
      this.#module.C_SignInit(session, how, key)
      return await this.#module.C_SignAsync(session, kept, Buffer.alloc(mostSignatureOctets))
    } finally {
      clearTimeout(hung)
      this.#underThreads.delete(kept)
      const next = this.#waiting.shift()
      if (next === undefined) this.#idle.push(session)
      else next(session)
    }
  }

  #another(): Handle | Promise<Handle> {
    if (this.#open < mostSessions) {
      this.#open++
      try {
        return this.#module.C_OpenSession(this.#slot, flag.serialSession)
      } catch (error) {
        this.#open--
        // CKR_SESSION_COUNT: the token has no more of them, and those that there are will do.
        if (this.#open === 0) throw error
      }
    }
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}

/** ML-DSA-87, the longest, has 4627 octets (FIPS 204 table 2). */
const mostSignatureOctets = 4627

/** How this process says that it ended itself for a module that hangs. */
export const hangExit = 79
