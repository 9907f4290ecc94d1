// SPDX-License-Identifier: Apache-2.0

import type { Pins } from '#edge/pkcs11/pins.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { importSoundKey } from '#trust/sound-key.ts'
import { exit, Stop, wrongUse } from '../stop.ts'
import type { LocalKey } from './local-key.ts'

/** Which key of which token, through which module. */
export interface TokenKeyPlace {
  readonly module: string
  readonly label: string
  /** CKA_ID, as text. */
  readonly keyId: string
}

/**
 * A key in a PKCS #11 token. The module runs in a process of its own, which ends with `close`.
 *
 * @param pin asked once: one that is refused is never tried again, since tokens lock themselves after a few
 * @throws Stop
 */
export async function openTokenKey(
  { module, label, keyId }: TokenKeyPlace,
  pin: () => Promise<string>,
): Promise<LocalKey> {
  const { Pkcs11Backend } = await import('#edge/pkcs11/pkcs11-backend.ts')
  const backend = new Pkcs11Backend(
    { module, label, serial: undefined, certificate: undefined },
    { pins: new AskedPin(await pin()), report: () => {} },
  )
  try {
    await backend.open()
    const { state, because } = backend.health()
    if (state !== 'up')
      throw new Stop(exit.broken, `the token ${label} cannot be used: ${because ?? state}`, {
        hint: 'look at --token-module, --token and the PIN',
      })
    if (!(await backend.has(keyId)))
      throw wrongUse(`there is no key ${keyId} in ${label}`, 'look at --token-key')
    const found = backend.health().keys.find(({ id }) => id === keyId)
    const publicKey = found && importSoundKey(parseSubjectPublicKeyInfo(found.spki))
    if (publicKey === undefined || 'kind' in publicKey)
      throw wrongUse(`the key ${keyId} in ${label} is none that signs here`)
    return {
      ...{ publicKey, where: `${keyId} in the token ${label}` },
      sign: (octets, algorithm, over) => backend.sign(keyId, octets, { algorithm, over }),
      close: () => backend.close(),
    }
  } catch (error) {
    await backend.close()
    throw error
  }
}

/** A PIN that a person gave: good for one try. */
class AskedPin implements Pins {
  #pin: string | undefined

  constructor(pin: string) {
    this.#pin = pin
  }

  async next(): ReturnType<Pins['next']> {
    return this.#pin === undefined
      ? { kind: 'wait', because: 'the PIN did not open the token' }
      : { kind: 'pin', pin: this.#pin, afterRefusal: true }
  }

  async trying(): Promise<void> {
    // However it ends: the token may have counted it.
    this.#pin = undefined
  }

  async refused(): Promise<void> {}

  async accepted(): Promise<void> {}
}
