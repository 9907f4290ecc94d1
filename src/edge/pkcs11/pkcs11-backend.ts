// SPDX-License-Identifier: Apache-2.0
import type { BackendHealth, KeyBackend } from '#core/authority/key-backend.ts'
import type { KeyFacts, MadeKey, SignatureAsked } from '#core/authority/signing-key.ts'
import { Fault } from '#core/fault.ts'
import type { KeyAlgorithmName } from '#trust/algorithms.ts'
import { verifyOver } from '#trust/verify-digest.ts'
import { parseDescription, parseFindAnswer, parseTokenKey } from './answers.ts'
import { type FrameKind, frameKinds } from './frames.ts'
import { type HeldKey, heldAsAsked, heldFrom } from './held-key.ts'
import { tokenAlgorithms } from './mechanisms.ts'
import { ModuleProcess } from './module-process.ts'
import { type Patience, usualPatience } from './patience.ts'
import type { GivenPin, Pins } from './pins.ts'
import { labelFor } from './public-half.ts'
import {
  encodeJson,
  encodeSign,
  type FindQuestion,
  type MakeQuestion,
  type TokenDescription,
  type TokenKey,
} from './questions.ts'
import { inputFor, signatureFrom } from './signature-form.ts'
import { TokenFailure } from './token-failure.ts'

/** Which token, through which module. */
export interface TokenSettings {
  readonly module: string
  readonly label: string
  readonly serial: string | undefined
  /** The certificate of the module, as it goes into the record of each key: `FIPS 140-3 #4735`. */
  readonly certificate: string | undefined
}

export interface Pkcs11Ports {
  readonly pins: Pins
  /** Hears of each time that the token is found away, or waits for a person; MUST NOT throw. */
  readonly report: (what: string, because: string) => void
  /** Absent: as long as modules on a network take. */
  readonly patience?: Patience
  /** Signs on threads whatever is measured, so that tests need no slow token. */
  readonly onThreads?: boolean
}

/**
 * More than this would wait for longer than a device does; what is not taken on is not booked in vain either,
 * since the fronts let in fewer requests at once.
 */
const mostWaiting = 2_000

/**
 * Keys in a PKCS #11 token. The module runs in a process of its own, which is replaced with back-off when it
 * crashes or hangs, or when the token has to be opened anew; what waits in it then fails and is not tried again.
 */
export class Pkcs11Backend implements KeyBackend {
  readonly kind = 'pkcs11'
  readonly name: string
  readonly #settings: TokenSettings
  readonly #ports: Pkcs11Ports
  readonly #patience: Patience
  readonly #keys = new Map<string, HeldKey>()
  readonly #counts = new Map<string, number>()
  readonly #heard: (() => void)[] = []
  #process: ModuleProcess | undefined
  #opened: TokenDescription | undefined
  #state: BackendHealth['state'] = 'away'
  #because: string | undefined = 'it was not opened yet'
  #signatures = 0
  #failures = 0
  #restarts = -1
  #tries = 0
  #isClosed = false
  #timer: NodeJS.Timeout | undefined
  #look: NodeJS.Timeout | undefined

  constructor(settings: TokenSettings, ports: Pkcs11Ports) {
    this.name = `pkcs11 ${settings.label}`
    this.#settings = settings
    this.#ports = ports
    this.#patience = ports.patience ?? usualPatience
  }

  /** Resolves once the token was opened, or was found away; it is tried again by itself then. */
  async open(): Promise<void> {
    await this.#begin()
  }

  makes(algorithm: KeyAlgorithmName): boolean {
    const row = tokenAlgorithms[algorithm]
    return row !== undefined && this.#opened?.mechanisms.includes(row.make) === true
  }

  async make(algorithm: KeyAlgorithmName, keyId: string): Promise<MadeKey> {
    const process = this.#open()
    const question: MakeQuestion = { id: keyId, label: labelFor(keyId, algorithm), algorithm }
    const { make } = this.#patience
    const made = await this.#ask(frameKinds.make, encodeJson(question), make, process)
    try {
      const held = this.#hold(this.#keyIn(made, process))
      if (held.publicKey.algorithm !== algorithm)
        throw new Fault(
          'key-not-as-asked',
          `${this.name} made ${held.publicKey.algorithm} for ${algorithm}`,
        )
      // Whether what the token signs is what its public half verifies.
      await this.#signed(keyId, held, held.publicKey.fingerprint, process)
      return { spki: held.publicKey.spki, facts: this.#factsOf(held) }
    } catch (error) {
      this.#keys.delete(keyId)
      // What went wrong first is what counts; a token that is away keeps a key that nobody knows of.
      await this.#ask(frameKinds.destroy, new TextEncoder().encode(keyId), make, process).catch(
        () => {},
      )
      throw error
    }
  }

  async sign(keyId: string, toBeSigned: Uint8Array, asked?: SignatureAsked): Promise<Uint8Array> {
    const process = this.#open()
    if (process.waiting >= mostWaiting)
      throw this.#away(`${process.waiting} signatures wait for it already`)
    const held = this.#keys.get(keyId) ?? (await this.#find(keyId, process))
    if (held === undefined)
      throw new Fault('key-missing', `there is no key ${keyId} in ${this.name}`)
    if (held.flaw !== undefined)
      throw new Fault('key-not-as-asked', `key ${keyId} in ${this.name} ${held.flaw}`)
    try {
      return await this.#signed(
        keyId,
        asked === undefined ? held : heldAsAsked(held, asked),
        toBeSigned,
        process,
        asked?.over,
      )
    } catch (error) {
      // Whatever bent it may bend the next one.
      if (error instanceof Fault && error.code === 'key-not-as-asked') process.kill(error.message)
      throw error
    }
  }

  /** The process that has the module, while one runs. */
  get processId(): number | undefined {
    return this.#process?.id
  }

  async has(keyId: string): Promise<boolean> {
    if (this.#keys.has(keyId)) return true
    const process = this.#process
    if (this.#state !== 'up' || process === undefined) return false
    try {
      return (await this.#find(keyId, process)) !== undefined
    } catch (error) {
      if (error instanceof Fault) return false
      throw error
    }
  }

  health(): BackendHealth {
    return {
      ...{ state: this.#state, because: this.#because },
      ...{ signatures: this.#signatures, failures: this.#failures },
      restarts: Math.max(0, this.#restarts),
      waiting: this.#process?.waiting ?? 0,
      keys: [...this.#keys].map(([id, { extractable: exportable, flaw, publicKey }]) => ({
        ...{ id, exportable, flaw, spki: publicKey.spki, signatures: this.#counts.get(id) ?? 0 },
      })),
      facts: this.#facts(),
    }
  }

  onChange(heard: () => void): void {
    this.#heard.push(heard)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    clearInterval(this.#look)
    await this.#process?.end()
  }

  /** The process whose token is open. @throws Fault */
  #open(): ModuleProcess {
    const process = this.#process
    if (this.#state === 'up' && process !== undefined) return process
    this.#failures++
    if (this.#state === 'stopped')
      throw new Fault('key-locked', `${this.name} is stopped: ${this.#because}`)
    throw this.#away(this.#because ?? 'it was not opened yet')
  }

  #away(because: string): Fault {
    return new Fault('key-unreachable', `${this.name} cannot sign: ${because}`)
  }

  /** Never rejects: whatever goes wrong, it rests and is tried again. */
  async #begin(): Promise<void> {
    if (this.#isClosed) return
    try {
      const next = await this.#ports.pins.next()
      if (next.kind === 'wait') this.#rest('stopped', next.because)
      else await this.#openWith(next)
    } catch (error) {
      const process = this.#process
      this.#process = undefined
      await process?.end()
      const isForPerson = error instanceof TokenFailure && error.verdict === 'pin'
      this.#rest(isForPerson ? 'stopped' : 'away', error instanceof Error ? error.message : '')
    }
  }

  async #openWith({ pin, afterRefusal }: GivenPin): Promise<void> {
    this.#restarts++
    const process = new ModuleProcess()
    this.#process = process
    void process.ended.then((because) => this.#lose(process, because))
    const { module, label, serial } = this.#settings
    const { onThreads = false } = this.#ports
    const question: FindQuestion = { module, label, serial, onThreads }
    const { open } = this.#patience
    const found = await process.ask(frameKinds.findToken, encodeJson(question), open)
    if (parseFindAnswer(found).wasRefused && !afterRefusal) throw new TokenFailure('pin', notRisked)
    await this.#logIn(pin, process)
    const described = await process.ask(frameKinds.describe, new Uint8Array(), open)
    this.#begun(process, parseDescription(described))
  }

  async #logIn(pin: string, process: ModuleProcess): Promise<void> {
    const { pins } = this.#ports
    await pins.trying()
    const content = new TextEncoder().encode(pin)
    const asked = process.ask(frameKinds.logIn, content, this.#patience.open)
    content.fill(0)
    try {
      await asked
    } catch (error) {
      if (error instanceof TokenFailure && error.verdict === 'pin') await pins.refused()
      throw error
    }
    await pins.accepted()
  }

  #begun(process: ModuleProcess, answer: TokenDescription): void {
    this.#opened = answer
    const before = new Map(this.#keys)
    this.#keys.clear()
    for (const key of answer.keys) {
      const held = heldFrom(key, before.get(key.id))
      // A token may keep keys of others, of whatever kind.
      if (!('kind' in held)) this.#keys.set(key.id, held)
    }
    this.#look = setInterval(() => this.#lookAfter(process), this.#patience.look)
    this.#look.unref()
    this.#timer = setTimeout(() => {
      this.#tries = 0
    }, this.#patience.settled)
    this.#timer.unref()
    this.#become('up', undefined)
  }

  #lookAfter(process: ModuleProcess): void {
    // One that signs shows that it is there.
    if (process.waiting > 0) return
    const { sign } = this.#patience
    this.#ask(frameKinds.check, new Uint8Array(), sign, process).catch(() => {}) // it was told where it was found
  }

  /** Waits for an answer; a failure that is not this question's alone has the token opened anew. */
  async #ask(
    kind: FrameKind,
    content: Uint8Array,
    patienceMilliseconds: number,
    process: ModuleProcess,
  ): Promise<Uint8Array> {
    try {
      return await process.ask(kind, content, patienceMilliseconds)
    } catch (error) {
      if (!(error instanceof TokenFailure)) throw error
      this.#failures++
      switch (error.verdict) {
        case 'unfit':
          throw new Fault('key-not-as-asked', `${this.name}: ${error.message}`)
        case 'missing':
          throw new Fault('key-missing', `${this.name}: ${error.message}`)
        case 'asked-wrong':
          throw new Fault('key-unreachable', `${this.name}: ${error.message}`)
        default:
          process.kill(error.message)
          throw this.#away(error.message)
      }
    }
  }

  /** A process that answers nonsense is replaced. */
  #keyIn(answer: Uint8Array, process: ModuleProcess): TokenKey {
    try {
      return parseTokenKey(answer)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      this.#failures++
      process.kill(error.message)
      throw this.#away(error.message)
    }
  }

  /** A process that was in use is gone. */
  #lose(process: ModuleProcess, because: string): void {
    if (this.#process !== process || this.#state !== 'up' || this.#isClosed) return
    this.#process = undefined
    this.#rest('away', because)
  }

  /** Out of use, until it is tried again. */
  #rest(state: 'away' | 'stopped', because: string): void {
    clearInterval(this.#look)
    clearTimeout(this.#timer)
    this.#become(state, because)
    const { again } = this.#patience
    const delay = again[Math.min(this.#tries++, again.length - 1)] ?? 0
    this.#timer = setTimeout(() => void this.#begin(), delay)
    this.#timer.unref()
  }

  #become(state: BackendHealth['state'], because: string | undefined): void {
    if (this.#state === state && this.#because === because) return
    this.#state = state
    this.#because = because
    if (because !== undefined) this.#ports.report(`${this.name} is ${state}`, because)
    for (const heard of this.#heard) heard()
  }

  async #find(keyId: string, process: ModuleProcess): Promise<HeldKey | undefined> {
    const name = new TextEncoder().encode(keyId)
    const content = await this.#ask(frameKinds.findKey, name, this.#patience.sign, process)
    return content.length === 0 ? undefined : this.#hold(this.#keyIn(content, process))
  }

  #hold(key: TokenKey): HeldKey {
    const held = heldFrom(key)
    if ('kind' in held) throw new Fault('key-not-as-asked', `${this.name}: ${held.detail}`)
    this.#keys.set(key.id, held)
    return held
  }

  /**
   * Signs, and hands out nothing that its public half does not verify: a fault in the token, or in what is between,
   * would stand in a certificate, and one wrong signature may give an RSA key away.
   */
  async #signed(
    keyId: string,
    { form, publicKey, signatureAlgorithm }: HeldKey,
    toBeSigned: Uint8Array,
    process: ModuleProcess,
    over: SignatureAsked['over'] = 'message',
  ): Promise<Uint8Array> {
    const question = encodeSign(keyId, form, inputFor(form, signatureAlgorithm, toBeSigned, over))
    const answer = await this.#ask(frameKinds.sign, question, this.#patience.sign, process)
    const signature = signatureFrom(form, answer)
    if (!(await verifyOver(over, signatureAlgorithm, publicKey, toBeSigned, signature))) {
      this.#failures++
      throw new Fault('key-not-as-asked', `${this.name} signs wrongly with key ${keyId}`)
    }
    this.#signatures++
    this.#counts.set(keyId, (this.#counts.get(keyId) ?? 0) + 1)
    return signature
  }

  #factsOf({ extractable }: HeldKey): KeyFacts {
    return {
      origin: 'server',
      // A module that does not say that it is hardware is none: SoftHSM is a program.
      protection: this.#opened?.hardware === true ? 'hsm' : 'software',
      exportable: extractable,
      moduleCertificate: this.#settings.certificate ?? null,
      custody: this.name,
    }
  }

  #facts(): BackendHealth['facts'] {
    const { module, certificate } = this.#settings
    const opened = this.#opened
    return {
      module,
      ...(opened && { library: opened.library, model: opened.model, serial: opened.serial }),
      ...(opened && { hardware: opened.hardware ? 'yes' : 'no' }),
      ...(certificate !== undefined && { certificate }),
    }
  }
}

const notRisked =
  'somebody gave the token a wrong PIN since it was last opened, and this one never opened it: log in once with another tool, and it goes on by itself'
