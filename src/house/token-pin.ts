// SPDX-License-Identifier: Apache-2.0
import { readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Fault } from '#core/fault.ts'
import type { Randomness } from '#core/ports.ts'
import { replaceFile } from '#edge/keystore/atomic-file.ts'
import {
  type Passphrase,
  type PassphraseSource,
  readPassphrase,
} from '#edge/keystore/passphrase.ts'
import type { Pins } from '#edge/pkcs11/pins.ts'

/** The name under which systemd hands the PIN over (LoadCredential=vitalsign-pkcs11-pin:…). */
export const pinCredentialName = 'vitalsign-pkcs11-pin'

/** Where it stands that a PIN was tried, and whether it opened the token; never which. */
export function pinMarkFile(data: string): string {
  return join(data, 'pkcs11-pin-tried')
}

interface HeldPin {
  readonly pin: Passphrase
  readonly stamp: string
  readonly afterRefusal: boolean
  readonly state: 'untried' | 'tried' | 'opened'
}

/**
 * The PIN of the token: from a file that its owner alone may read, a systemd credential, or a person.
 *
 * A try is marked in the data directory before it is made, so that whoever starts the server again and again
 * does not lock the token, however the try ended. A file that was written since is another try; so is a person
 * who types.
 */
export class TokenPin implements Pins {
  readonly #source: PassphraseSource | undefined
  readonly #mark: string
  readonly #random: Randomness
  #held: HeldPin | undefined

  /** @param source undefined if there is no way to get one */
  constructor(source: PassphraseSource | undefined, data: string, random: Randomness) {
    this.#source = source
    this.#mark = pinMarkFile(data)
    this.#random = random
  }

  async next(): ReturnType<Pins['next']> {
    const source = this.#source
    if (source === undefined) return wait(howToGive)
    const stamp = stampOf(source)
    const held = this.#held
    if (held !== undefined && (stamp === undefined || stamp === held.stamp))
      return held.state === 'tried' ? wait(triedWords(source, this.#mark)) : reveal(held)
    const mark = markIn(this.#mark)
    if (source.kind !== 'prompt' && stamp !== undefined && mark === `tried ${stamp}`)
      return wait(triedWords(source, this.#mark))
    try {
      const pin = await readPassphrase(source)
      const afterRefusal = source.kind === 'prompt' || mark !== undefined
      this.#held = { pin, stamp: stamp ?? '', afterRefusal, state: 'untried' }
      return reveal(this.#held)
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      return wait(`there is no PIN: ${error.message}`)
    }
  }

  async trying(): Promise<void> {
    const held = this.#held
    if (held === undefined || held.state === 'opened') return
    this.#held = { ...held, state: 'tried' }
    // One that opened the token before this start is known to be right.
    if (markIn(this.#mark) === `opened ${held.stamp}`) this.#held = { ...held, state: 'opened' }
    else await this.#keep(`tried ${held.stamp}`)
  }

  async refused(): Promise<void> {
    const held = this.#held
    if (held === undefined) return
    this.#held = { ...held, state: 'tried' }
    await this.#keep(`tried ${held.stamp}`)
  }

  async accepted(): Promise<void> {
    const held = this.#held
    if (held === undefined) return
    this.#held = { ...held, afterRefusal: true, state: 'opened' }
    // Nothing tells a credential from the one of the next start.
    if (this.#source?.kind !== 'file') rmSync(this.#mark, { force: true })
    else if (markIn(this.#mark) !== `opened ${held.stamp}`) await this.#keep(`opened ${held.stamp}`)
  }

  #keep(text: string): Promise<void> {
    return replaceFile(this.#mark, new TextEncoder().encode(`${text}\n`), this.#random)
  }
}

const howToGive = `there is no PIN: give it with --pkcs11-pin-file, or as the systemd credential ${pinCredentialName}`

function triedWords(source: PassphraseSource, mark: string): string {
  if (source.kind === 'file')
    return `the PIN in ${source.path} was tried, did not open the token, and is not tried again: write the right one there, and it is tried by itself`
  if (source.kind === 'credential')
    return `the PIN of the credential was tried, did not open the token, and is not tried again: give the right one, log in with it by another tool, remove ${mark} and start again`
  return 'the PIN that was typed did not open the token: start again to type another'
}

/** What changes when another PIN is given; undefined if nothing is there to look at. */
function stampOf(source: PassphraseSource): string | undefined {
  if (source.kind !== 'file') return source.kind
  const found = statSync(source.path, { throwIfNoEntry: false })
  return found && `${source.path} ${found.mtimeMs} ${found.size} ${found.ino}`
}

function markIn(path: string): string | undefined {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return undefined
  return readFileSync(path, 'utf8').trim()
}

function wait(because: string) {
  return { kind: 'wait', because } as const
}

function reveal({ pin: held, afterRefusal }: HeldPin) {
  const pin = new TextDecoder().decode(held.dangerouslyReveal())
  return { kind: 'pin', pin, afterRefusal } as const
}
