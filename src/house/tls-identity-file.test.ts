// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemRandomness } from '#edge/chance/system-randomness.ts'
import { openKeystore } from '#edge/keystore/keystore.ts'
import { Passphrase } from '#edge/keystore/passphrase.ts'
import { encodePem } from '#format/pem.ts'
import { encodePrivateKey, generateKey } from '#trust/private-key.ts'
import { TlsIdentityFile } from './tls-identity-file.ts'

const cost = { memoryKiB: 64, passes: 1, lanes: 1 }

async function withFile(
  use: (file: () => Promise<TlsIdentityFile>, keys: string) => Promise<void>,
) {
  const directory = mkdtempSync(join(tmpdir(), 'vitalsign-tls-'))
  const places = { keys: join(directory, 'keys'), root: join(directory, 'root') }
  try {
    await use(async () => {
      const passphrase = new Passphrase('correct horse battery staple')
      const keystore = await openKeystore(places, passphrase, systemRandomness, cost)
      return new TlsIdentityFile(places.keys, keystore, systemRandomness)
    }, places.keys)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

async function newIdentity(mark: number) {
  const { privateKey } = await generateKey('p-256')
  const key = encodePem('PRIVATE KEY', encodePrivateKey(privateKey))
  return { key, chain: [Uint8Array.of(0x30, 1, mark), Uint8Array.of(0x30, 1, 0)] }
}

test('an identity is there again after a restart, its key sealed', () =>
  withFile(async (open, keys) => {
    const identity = await newIdentity(1)
    await (await open()).write(identity)
    assert.deepEqual(await (await open()).read(), identity)
    const body = identity.key.split('\n')[1] ?? ''
    for (const name of readdirSync(keys)) {
      assert.ok(!readFileSync(join(keys, name), 'latin1').includes(body), name)
    }
  }))

test('the next identity takes the place of the former, whose key is removed', () =>
  withFile(async (open, keys) => {
    const file = await open()
    await file.write(await newIdentity(1))
    const next = await newIdentity(2)
    await file.write(next)
    assert.deepEqual(await file.read(), next)
    assert.equal(readdirSync(keys).filter((name) => name.endsWith('.key')).length, 1)
  }))

test('without a chain, or without its key, there is no identity', () =>
  withFile(async (open, keys) => {
    const file = await open()
    assert.equal(await file.read(), undefined)
    await file.write(await newIdentity(1))
    const key = readdirSync(keys).find((name) => name.endsWith('.key')) ?? ''
    rmSync(join(keys, key))
    assert.equal(await (await open()).read(), undefined)
  }))
