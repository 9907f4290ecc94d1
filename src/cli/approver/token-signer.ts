// SPDX-License-Identifier: Apache-2.0
/** An approver key in a PKCS #11 token: the PIN is asked for each time, and tried once. */
import { Fault } from '#core/fault.ts'
import type { Pins } from '#edge/pkcs11/pins.ts'
import { Pkcs11Backend } from '#edge/pkcs11/pkcs11-backend.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { type KeyAlgorithmName, signatureAlgorithmFor } from '#trust/algorithms.ts'
import type { StatementSigner } from '#trust/approval/sign-statement.ts'
import { importPublicKey, type PublicKey } from '#trust/public-key.ts'
import { exit, Stop } from '../stop.ts'

/** Which token, through which module. */
export interface TokenSaid {
  readonly module: string
  readonly label: string
  readonly serial: string | undefined
}

/** A token that is open until it is closed. */
export interface OpenToken {
  /** Makes a key that never leaves it. @throws Fault */
  make(algorithm: KeyAlgorithmName, keyId: string): Promise<Omit<StatementSigner, 'chain'>>
  /** The signer for a key that it holds; undefined: it holds none like it. */
  signerFor(publicKey: PublicKey): Omit<StatementSigner, 'chain'> | undefined
  close(): Promise<void>
}

/** @throws Stop if the token is not there or refuses the PIN */
export async function openToken(token: TokenSaid, pin: string): Promise<OpenToken> {
  const { module, label, serial } = token
  const backend = new Pkcs11Backend(
    { module, label, serial, certificate: undefined },
    { pins: new PinOnce(pin), report: () => {} },
  )
  await backend.open()
  const { state, because } = backend.health()
  if (state !== 'up') {
    await backend.close()
    throw new Stop(exit.refused, `the token ${label} was not opened: ${because}`, {
      hint: 'a wrong PIN is tried once and no more, since tokens lock themselves',
    })
  }
  const signerOf = (keyId: string, publicKey: PublicKey) => ({
    publicKey,
    algorithm: signatureAlgorithmFor(publicKey.algorithm).name,
    sign: (bytes: Uint8Array) => backend.sign(keyId, bytes),
  })
  return {
    make: async (algorithm, keyId) => {
      const { spki } = await backend.make(algorithm, keyId)
      const publicKey = importPublicKey(parseSubjectPublicKeyInfo(spki))
      if ('kind' in publicKey) throw new Fault('key-not-as-asked', publicKey.detail)
      return signerOf(keyId, publicKey)
    },
    signerFor: (publicKey) => {
      const wanted = publicKey.spki.toHex()
      const found = backend.health().keys.find(({ spki }) => spki.toHex() === wanted)
      return found === undefined ? undefined : signerOf(found.id, publicKey)
    },
    close: () => backend.close(),
  }
}

/** Given once: whoever types again starts the command again. */
class PinOnce implements Pins {
  readonly #pin: string
  #wasGiven = false

  constructor(pin: string) {
    this.#pin = pin
  }

  async next() {
    if (this.#wasGiven) return { kind: 'wait', because: 'the token refused the PIN' } as const
    this.#wasGiven = true
    // A person gave it, just now.
    return { kind: 'pin', pin: this.#pin, afterRefusal: true } as const
  }

  async trying(): Promise<void> {}
  async refused(): Promise<void> {}
  async accepted(): Promise<void> {}
}
