// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BackendHealth, KeyBackend } from '#core/authority/key-backend.ts'
import { type Custody, type KeyFacts, keptInFile } from '#core/authority/signing-key.ts'
import { KeyBackends } from './key-backends.ts'

/** A backend that signs with its own name. */
class Named implements KeyBackend {
  readonly kind: Custody
  readonly name: string
  readonly held = new Set<string>()
  state: BackendHealth['state'] = 'up'
  exportable: boolean | null = false
  spki = Uint8Array.of(1)
  #heard: () => void = () => {}

  constructor(kind: Custody, name: string) {
    this.kind = kind
    this.name = name
  }

  makes(algorithm: string): boolean {
    return this.kind === 'file' || algorithm.startsWith('p-')
  }

  async make(_algorithm: string, keyId: string) {
    this.held.add(keyId)
    const { exportable, name: custody } = this
    const facts: KeyFacts = { ...keptInFile, protection: 'hsm', exportable, custody }
    return { spki: new Uint8Array(), facts: this.kind === 'file' ? keptInFile : facts }
  }

  async sign(): Promise<Uint8Array> {
    return new TextEncoder().encode(this.name)
  }

  async has(keyId: string): Promise<boolean> {
    return this.held.has(keyId)
  }

  health(): BackendHealth {
    return {
      ...{ state: this.state, because: this.state === 'up' ? undefined : 'the cable is out' },
      ...{ signatures: 0, failures: 0, restarts: 0, waiting: 0, facts: {} },
      keys: [{ id: 'key_a', exportable: false, spki: this.spki, signatures: 0 }],
    }
  }

  onChange(heard: () => void): void {
    this.#heard = heard
  }

  become(state: BackendHealth['state']): void {
    this.state = state
    this.#heard()
  }

  async close(): Promise<void> {}
}

function open(records: Readonly<Record<string, string | null>> = {}) {
  const [file, token] = [new Named('file', 'file'), new Named('pkcs11', 'pkcs11 keys')]
  const keys = new KeyBackends([file, token], async (keyId) => {
    const custody = records[keyId]
    return custody === undefined ? undefined : { custody, spki: Uint8Array.of(1) }
  })
  const signerOf = async (keyId: string) =>
    new TextDecoder().decode(await keys.sign(keyId, new Uint8Array()))
  return { file, token, keys, signerOf }
}

test('a signature goes to the backend that the record of the key names', async () => {
  const { signerOf } = open({ key_a: 'pkcs11 keys', key_b: 'file', key_old: null })
  assert.equal(await signerOf('key_a'), 'pkcs11 keys')
  assert.equal(await signerOf('key_b'), 'file')
  assert.equal(await signerOf('key_old'), 'file')
})

test('a key without a record is looked for where it is, as the keys of log and webhooks are', async () => {
  const { file, token, signerOf } = open()
  file.held.add('log_1')
  token.held.add('key_x')
  assert.equal(await signerOf('log_1'), 'file')
  assert.equal(await signerOf('key_x'), 'pkcs11 keys')
  assert.equal(await signerOf('key_nowhere'), 'file')
})

test('a key is made where it was asked for, and in a file if nobody asked', async () => {
  const { keys, signerOf } = open()
  const made = await keys.make('p-256', 'key_1', 'authority', 'pkcs11')
  assert.equal(made.facts.custody, 'pkcs11 keys')
  assert.equal(await signerOf('key_1'), 'pkcs11 keys')
  const usual = await keys.make('ed25519', 'log_1', 'log')
  assert.deepEqual(usual.facts, keptInFile)
  assert.equal(await signerOf('log_1'), 'file')
})

test('a key in hardware that can be taken out is refused', async () => {
  const { token, keys } = open()
  for (const exportable of [true, null]) {
    token.exportable = exportable
    const making = keys.make('p-256', `key_${exportable}`, 'authority', 'pkcs11')
    await assert.rejects(making, { code: 'key-not-as-asked' })
  }
})

test('a backend that is not configured, or makes no such key, says so before anything is made', async () => {
  const { keys, token } = open()
  const elsewhere = keys.make('p-256', 'key_1', 'authority', 'tpm')
  await assert.rejects(elsewhere, { code: 'configuration-wrong', message: /no tpm is configured/ })
  const twin = keys.make('ml-dsa-65', 'key_2', 'authority', 'pkcs11')
  await assert.rejects(twin, { message: 'pkcs11 keys makes no keys of ml-dsa-65' })
  assert.equal(token.held.size, 0)
  assert.equal(keys.unable('p-256', 'pkcs11'), undefined)
})

test('a key that stands where that of the record was signs nothing that is used', async () => {
  const { signerOf, token } = open({ key_a: 'pkcs11 keys' })
  token.spki = Uint8Array.of(2)
  for (let time = 0; time < 2; time++)
    await assert.rejects(signerOf('key_a'), {
      ...{ code: 'key-not-as-asked', message: /key_a in pkcs11 keys is not that of its record/ },
    })
  token.spki = Uint8Array.of(1)
  assert.equal(await signerOf('key_a'), 'pkcs11 keys')
})

test('a key whose backend is not configured here is missing, and the record says where it is', async () => {
  const { signerOf } = open({ key_a: 'pkcs11 other' })
  await assert.rejects(signerOf('key_a'), { code: 'key-missing', message: /pkcs11 other/ })
})

test('whether a key can sign now is known without asking its backend, and changes are heard', async () => {
  const { token, keys } = open({ key_a: 'pkcs11 keys' })
  const heard: string[] = []
  keys.onChange((name) => heard.push(name))
  assert.equal(await keys.awayBecause('key_a'), undefined)
  token.become('away')
  assert.equal(await keys.awayBecause('key_a'), 'pkcs11 keys is away: the cable is out')
  assert.match(keys.unable('p-256', 'pkcs11') ?? '', /is away/)
  const making = keys.make('p-256', 'key_b', 'authority', 'pkcs11')
  await assert.rejects(making, { code: 'key-unreachable' })
  token.become('up')
  assert.equal(await keys.awayBecause('key_a'), undefined)
  assert.deepEqual(heard, ['pkcs11 keys', 'pkcs11 keys'])
  assert.deepEqual(
    keys.states().map(({ name, state }) => [name, state]),
    [
      ['file', 'up'],
      ['pkcs11 keys', 'up'],
    ],
  )
})
