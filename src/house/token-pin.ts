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

/** Where it stands that a PIN was refused; never which. */
export function refusedPinFile(data: string): string {
  return join(data, 'pkcs11-pin-refused')
}

/**
 * The PIN of the token: from a file that its owner alone may read, a systemd credential, or a person.
 *
 * One that was refused is marked in the data directory, so that whoever starts the server again and again
 * does not lock the token. A file that was written since is another try; so is a person who types.
 */
export class TokenPin implements Pins {
  readonly #source: PassphraseSource | undefined
  readonly #mark: string
  readonly #random: Randomness
  #held: { readonly pin: Passphrase; readonly stamp: string } | undefined
  #mayAsk = true

  /** @param source undefined if there is no way to get one */
  constructor(source: PassphraseSource | undefined, data: string, random: Randomness) {
    this.#source = source
    this.#mark = refusedPinFile(data)
    this.#random = random
  }

  async next(): ReturnType<Pins['next']> {
    const source = this.#source
    if (source === undefined) return wait(howToGive)
    const stamp = stampOf(source)
    const held = this.#held
    if (held !== undefined && (stamp === undefined || stamp === held.stamp)) return reveal(held.pin)
    const isRefused = stamp !== undefined && markIn(this.#mark) === stamp
    if (source.kind === 'prompt' ? !this.#mayAsk : isRefused)
      return wait(refusedWords(source, this.#mark))
    this.#mayAsk = false
    try {
      const pin = await readPassphrase(source)
      this.#held = { pin, stamp: stamp ?? '' }
      return reveal(pin)
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      return wait(`there is no PIN: ${error.message}`)
    }
  }

  async refused(): Promise<void> {
    const stamp = this.#held?.stamp ?? ''
    this.#held = undefined
    await replaceFile(this.#mark, new TextEncoder().encode(`${stamp}\n`), this.#random)
  }

  async accepted(): Promise<void> {
    rmSync(this.#mark, { force: true })
  }
}

const howToGive = `there is no PIN: give it with --pkcs11-pin-file, or as the systemd credential ${pinCredentialName}`

function refusedWords(source: PassphraseSource, mark: string): string {
  if (source.kind === 'file')
    return `the PIN in ${source.path} was refused and is not tried again: write the right one there, and it is tried by itself`
  if (source.kind === 'credential')
    return `the PIN of the credential was refused and is not tried again: give the right one, remove ${mark} and start again`
  return 'the PIN that was typed was refused: start again to type another'
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

function reveal(pin: Passphrase) {
  return { kind: 'pin', pin: new TextDecoder().decode(pin.dangerouslyReveal()) } as const
}
