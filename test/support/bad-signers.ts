// SPDX-License-Identifier: Apache-2.0
/** Devices whose clients sign their requests with nonces of the test's choice. */
import assert from 'node:assert/strict'
import type { Product } from '#core/ledger/tables.ts'
import { type KnownKey, knownKey, requestWithNonce } from './chosen-nonces.ts'
import {
  ask,
  codeFor,
  deviceOf,
  type Expected,
  expectDevice,
  force,
  issuedOf,
  type TestCore,
} from './core.ts'

let messages = 0

/** Each message is another one, though nobody reads it. */
export const another = () => ({ challengePassword: `message ${messages++}` })

export interface Bad extends Expected {
  readonly key: KnownKey
  readonly certificate: string
}

/** Enrols a device whose client signs with this nonce. */
export async function enrolBad(
  core: TestCore,
  pump: Product,
  serial: string,
  nonce: bigint,
  key: KnownKey = knownKey('p-256'),
): Promise<Bad> {
  const expected = await expectDevice(core, pump, serial)
  const request = requestWithNonce(key, nonce, another())
  const { id } = issuedOf(await ask(core, expected.credential, request))
  return { ...expected, key, certificate: id }
}

/** Lets a device enrol again, with the same key and this nonce. */
export async function again(core: TestCore, bad: Bad, nonce: bigint): Promise<string> {
  const device = await force(core, await deviceOf(core, bad), { enrolmentsLeft: 1 })
  const code = await codeFor(core, device)
  const credential = { kind: 'code', user: device.serial, code } as const
  return issuedOf(await ask(core, credential, requestWithNonce(bad.key, nonce, another()))).id
}

export async function keyOf(core: TestCore, { key }: Bad) {
  const found = await core.ledger.find('key', 'fingerprint', [key.publicKey.fingerprint])
  return found ?? assert.fail('no key')
}
