// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { createPublicKey, randomBytes, verify } from 'node:crypto'
import {
  chmodSync,
  globSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Fault, type FaultCode } from '#core/fault.ts'
import type { Randomness } from '#core/ports.ts'
import type { KeyAlgorithmName } from '#trust/algorithms.ts'
import { type Cost, Derivations } from './derivation.ts'
import { openKey, parseKeyFile } from './key-file.ts'
import { openKeystore, type Places } from './keystore.ts'
import { makeUnlockFile, Passphrase, readPassphrase } from './passphrase.ts'

const random: Randomness = { bytes: (count) => Uint8Array.from(randomBytes(count)) }
/** Argon2's least: these tests are of files, not of cost. */
const cheap: Cost = { memoryKiB: 32, passes: 1, lanes: 1 }
const secret = 'correct horse battery staple'
const message = new TextEncoder().encode('to be signed')

const made: string[] = []
after(() => {
  for (const directory of made) rmSync(directory, { recursive: true })
})

function newPlaces() {
  const directory = mkdtempSync(join(tmpdir(), 'vitalsign-keystore-'))
  made.push(directory)
  return { directory, keys: join(directory, 'keys'), root: join(directory, 'root') }
}

const open = (places: Places, passphrase = secret) =>
  openKeystore(places, new Passphrase(passphrase), random, cheap)

function isFault(code: FaultCode) {
  return (error: unknown) => error instanceof Fault && error.code === code
}

const nodeDigests: Partial<Record<KeyAlgorithmName, string>> = {
  'p-256': 'sha256',
  'p-384': 'sha384',
  'rsa-2048': 'sha256',
}

function isSignature(algorithm: KeyAlgorithmName, spki: Uint8Array, signature: Uint8Array) {
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  return verify(nodeDigests[algorithm] ?? null, message, key, signature)
}

for (const algorithm of ['p-256', 'p-384', 'rsa-2048', 'ed25519', 'ml-dsa-44'] as const) {
  test(`a ${algorithm} key signs, and still does after a restart`, async () => {
    const places = newPlaces()
    const keystore = await open(places)
    const spki = await keystore.make(algorithm, 'key_1', 'authority')
    assert.ok(isSignature(algorithm, spki, await keystore.sign('key_1', message)))
    const restarted = await open(places)
    assert.ok(restarted.has('key_1'))
    assert.ok(isSignature(algorithm, spki, await restarted.sign('key_1', message)))
  })
}

test('key files have mode 0600 in directories of mode 0700, roots in their own', async () => {
  const places = newPlaces()
  const keystore = await open(places)
  await keystore.make('p-256', 'key_issuer', 'authority')
  await keystore.make('p-384', 'key_root', 'root')
  await keystore.make('ed25519', 'key_log', 'log')
  const files = globSync('**', { cwd: places.directory }).sort()
  assert.deepEqual(files, [
    '.',
    'keys',
    'keys/key_issuer.key',
    'keys/key_log.key',
    'root',
    'root/key_root.key',
  ])
  for (const file of files.filter((name) => name !== '.')) {
    const { mode } = statSync(join(places.directory, file))
    assert.equal(mode & 0o777, file.endsWith('.key') ? 0o600 : 0o700, file)
  }
})

test('no file holds a private key or the passphrase in the clear', async () => {
  const places = newPlaces()
  const keystore = await open(places)
  await keystore.make('ml-dsa-44', 'key_1', 'authority')
  const path = join(places.keys, 'key_1.key')
  const file = parseKeyFile(readFileSync(path, 'latin1'), 'key_1')
  const pkcs8 = await openKey(file, new Derivations(new Passphrase(secret)))
  const seed = pkcs8.subarray(-32)
  const text = readFileSync(path)
  for (const form of [
    Buffer.from(seed),
    Buffer.from(seed.toHex()),
    Buffer.from(seed.toBase64()),
    Buffer.from(secret),
  ])
    assert.equal(text.indexOf(form), -1)
  assert.equal(pkcs8.length, 54, 'ML-DSA keeps its seed')
})

test('a wrong passphrase is found at the start', async () => {
  const places = newPlaces()
  await (await open(places)).make('p-256', 'key_1', 'authority')
  await assert.rejects(open(places, 'correct horse battery stable'), isFault('key-locked'))
})

test('each changed byte of a key file is found', async () => {
  const places = newPlaces()
  await (await open(places)).make('p-256', 'key_1', 'authority')
  const path = join(places.keys, 'key_1.key')
  const whole = readFileSync(path)
  for (let at = 0; at < whole.length; at++) {
    const changed = Buffer.from(whole)
    changed[at]! ^= 1 << (at % 8)
    writeFileSync(path, changed)
    await assert.rejects(open(places), isFault('key-damaged'), `byte ${at}`)
  }
})

test('every truncation and addition is found', async () => {
  const places = newPlaces()
  await (await open(places)).make('p-256', 'key_1', 'authority')
  const path = join(places.keys, 'key_1.key')
  const whole = readFileSync(path)
  const lengths = Array.from({ length: whole.length }, (_, length) => whole.subarray(0, length))
  for (const bytes of [...lengths, Buffer.concat([whole, Buffer.from('\n')])]) {
    writeFileSync(path, bytes)
    await assert.rejects(open(places), isFault('key-damaged'), `${bytes.length} bytes`)
  }
})

test('a changed file with a mended digest is found by the authenticated encryption', async () => {
  const places = newPlaces()
  await (await open(places)).make('p-256', 'key_1', 'authority')
  const path = join(places.keys, 'key_1.key')
  const [header = '', sealed = ''] = readFileSync(path, 'utf8').split('\n')
  const nonce: string = JSON.parse(header).nonce
  const swapped = sealed.startsWith('A') ? `B${sealed.slice(1)}` : `A${sealed.slice(1)}`
  const forgeries = [
    [header, swapped],
    [header.replace('"p-256"', '"p-384"'), sealed],
    [header.replace(nonce, nonce.split('').reverse().join('')), sealed],
    [header.replace('"format"', ' "format"'), sealed],
  ] as const
  for (const lines of forgeries) {
    writeFileSync(path, await withDigest(lines))
    await assert.rejects(open(places), isFault('key-damaged'), lines[0])
  }
})

async function withDigest(lines: readonly string[]): Promise<string> {
  const body = `${lines.join('\n')}\n`
  const { createHash } = await import('node:crypto')
  return `${body}${createHash('sha256').update(body).digest('hex')}\n`
}

test("a key's file under another key's name is found", async () => {
  const places = newPlaces()
  await (await open(places)).make('p-256', 'key_1', 'authority')
  renameSync(join(places.keys, 'key_1.key'), join(places.keys, 'key_2.key'))
  await assert.rejects(open(places), isFault('key-damaged'))
})

test('a file that asks for absurd cost is refused before anything is spent', async () => {
  const places = newPlaces()
  await (await open(places)).make('p-256', 'key_1', 'authority')
  const path = join(places.keys, 'key_1.key')
  const [header = '', sealed = ''] = readFileSync(path, 'utf8').split('\n')
  for (const absurd of [
    { memoryKiB: 4_194_304 },
    { passes: 1_000_000 },
    { lanes: 1024 },
    { memoryKiB: 1 },
    { passes: 0 },
    { passes: 1.5 },
  ]) {
    const changed = JSON.stringify({ ...JSON.parse(header), ...absurd })
    writeFileSync(path, await withDigest([changed, sealed]))
    await assert.rejects(open(places), isFault('key-damaged'), JSON.stringify(absurd))
  }
  writeFileSync(path, 'x'.repeat(20_000))
  await assert.rejects(open(places), isFault('key-damaged'), 'too large')
})

test('without the root directory the rest works, and root keys are missing', async () => {
  const places = newPlaces()
  const keystore = await open(places)
  await keystore.make('p-256', 'key_issuer', 'authority')
  await keystore.make('p-384', 'key_root', 'root')
  await keystore.sign('key_root', message)
  renameSync(places.root, join(places.directory, 'safe'))
  assert.equal(keystore.has('key_root'), false)
  await assert.rejects(keystore.sign('key_root', message), isFault('key-missing'))
  const restarted = await open(places)
  await restarted.sign('key_issuer', message)
  await assert.rejects(restarted.sign('key_root', message), isFault('key-missing'))
  renameSync(join(places.directory, 'safe'), places.root)
  await restarted.sign('key_root', message)
})

test('a key is never replaced, and no id leaves the directory', async () => {
  const keystore = await open(newPlaces())
  await keystore.make('p-256', 'key_1', 'authority')
  await assert.rejects(keystore.make('p-256', 'key_1', 'authority'), TypeError)
  for (const id of ['../key', 'a/b', '', 'A', '.key', 'k'.repeat(65)]) {
    await assert.rejects(keystore.make('p-256', id, 'authority'), TypeError, id)
    assert.equal(keystore.has(id), false)
    await assert.rejects(keystore.sign(id, message), isFault('key-missing'))
  }
})

test('what a crash left half written is passed over', async () => {
  const places = newPlaces()
  await (await open(places)).make('p-256', 'key_1', 'authority')
  const path = join(places.keys, 'key_1.key')
  for (const left of [
    `${path}.0123456789ab.tmp`,
    `${path}.next`,
    join(places.keys, 'key_0.key.ab.tmp'),
  ])
    writeFileSync(left, '{"format":"vitalsign-key"')
  await (await open(places)).sign('key_1', message)
})

test('of two makers of one key, one stays', async () => {
  const places = newPlaces()
  const [first, second] = [await open(places), await open(places)]
  const made = await Promise.allSettled([
    first.make('p-256', 'key_1', 'authority'),
    second.make('p-256', 'key_1', 'authority'),
  ])
  const winners = made.filter((one) => one.status === 'fulfilled')
  assert.equal(winners.length, 1)
  const signature = await (await open(places)).sign('key_1', message)
  assert.ok(isSignature('p-256', winners[0]!.value, signature))
})

test('a passphrase is changed on every key, roots too', async () => {
  const places = newPlaces()
  const keystore = await open(places)
  await keystore.make('p-256', 'key_1', 'authority')
  await keystore.make('p-384', 'key_root', 'root')
  assert.deepEqual(await keystore.changePassphrase(new Passphrase('another one')), [
    'key_1',
    'key_root',
  ])
  await keystore.make('p-256', 'key_2', 'authority')
  await assert.rejects(open(places), isFault('key-locked'))
  const restarted = await open(places, 'another one')
  for (const id of ['key_1', 'key_2', 'key_root']) await restarted.sign(id, message)
})

test('a change of passphrase that is cut off anywhere leaves one passphrase for all keys', async () => {
  const ids = ['key_1', 'key_2', 'key_root']
  for (let writes = 0; ; writes++) {
    const places = newPlaces()
    const plenty = await open(places)
    for (const id of ids) await plenty.make('p-256', id, id === 'key_root' ? 'root' : 'authority')
    const failing = await openKeystore(places, new Passphrase(secret), failAfter(writes), cheap)
    const change = failing.changePassphrase(new Passphrase('another one'))
    const cut = await change.then(
      () => false,
      () => true,
    )
    const passphrases = await Promise.all(
      [secret, 'another one'].map(async (passphrase) => {
        const keystore = await open(places, passphrase).catch(() => undefined)
        if (keystore === undefined) return false
        const tried = await Promise.allSettled(ids.map((id) => keystore.sign(id, message)))
        return tried.every(({ status }) => status === 'fulfilled')
      }),
    )
    assert.ok(passphrases.includes(true), `cut off after ${writes} draws of chance`)
    if (!cut) return
  }
})

/** Chance that breaks after so many draws: every file that is written draws its temporary name. */
function failAfter(draws: number): Randomness {
  let left = draws
  return {
    bytes(count) {
      if (left-- <= 0) throw new Error('cut off')
      return random.bytes(count)
    },
  }
}

test('files of a finished change that were not put in place are found by the new passphrase', async () => {
  const places = newPlaces()
  const keystore = await open(places)
  for (const id of ['key_1', 'key_2']) await keystore.make('p-256', id, 'authority')
  const path = join(places.keys, 'key_2.key')
  const old = readFileSync(path)
  await keystore.changePassphrase(new Passphrase('another one'))
  // As if power had failed between the two renames.
  renameSync(path, `${path}.next`)
  writeFileSync(path, old)
  const restarted = await open(places, 'another one')
  await restarted.sign('key_2', message)
  assert.deepEqual(globSync('*.next', { cwd: places.keys }), [])
})

test('files of an unfinished change are not used', async () => {
  const places = newPlaces()
  const keystore = await open(places)
  await keystore.make('p-256', 'key_1', 'authority')
  const path = join(places.keys, 'key_1.key')
  const old = readFileSync(path)
  await keystore.changePassphrase(new Passphrase('another one'))
  renameSync(path, `${path}.next`)
  writeFileSync(path, old)
  rmSync(join(places.keys, 'passphrase-change'))
  await assert.rejects(open(places, 'another one'), isFault('key-locked'))
  await (await open(places)).sign('key_1', message)
})

test('the unlock file is private, random and enough to open the store', async () => {
  const places = newPlaces()
  const path = join(places.directory, 'unlock')
  await makeUnlockFile(path, random)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.equal(readFileSync(path, 'utf8').length, 44)
  await assert.rejects(makeUnlockFile(path, random), isFault('store-unreachable'))
  const first = await openKeystore(
    places,
    await readPassphrase({ kind: 'file', path }),
    random,
    cheap,
  )
  await first.make('p-256', 'key_1', 'authority')
  const again = await openKeystore(
    places,
    await readPassphrase({ kind: 'file', path }),
    random,
    cheap,
  )
  await again.sign('key_1', message)
})

test('a passphrase comes from a credential and a prompt alike, however it was typed', async () => {
  const places = newPlaces()
  const keystore = await open(places, 'Schlu\u0308ssel')
  await keystore.make('p-256', 'key_1', 'authority')
  writeFileSync(join(places.directory, 'passphrase'), 'Schl\u00fcssel\r\n')
  const sources = [
    { kind: 'credential', directory: places.directory, name: 'passphrase' },
    { kind: 'prompt', ask: async () => 'Schl\u00fcssel' },
  ] as const
  for (const source of sources)
    await (await openKeystore(places, await readPassphrase(source), random, cheap)).sign(
      'key_1',
      message,
    )
})

test('a passphrase file that others may read, that is empty or not there is refused', async () => {
  const path = join(newPlaces().directory, 'unlock')
  await assert.rejects(readPassphrase({ kind: 'file', path }), isFault('key-locked'))
  writeFileSync(path, '\n', { mode: 0o600 })
  await assert.rejects(readPassphrase({ kind: 'file', path }), isFault('key-locked'))
  writeFileSync(path, secret)
  chmodSync(path, 0o640)
  await assert.rejects(readPassphrase({ kind: 'file', path }), isFault('key-locked'))
})

test('a passphrase does not show itself', () => {
  const passphrase = new Passphrase(secret)
  assert.doesNotMatch(`${JSON.stringify({ passphrase })} ${String(passphrase)}`, /horse/)
})

/** A shelf as a database keeps it. */
class Shelf {
  readonly texts = new Map<string, string>()
  names = async () => [...this.texts.keys()].sort()
  read = async (name: string) => this.texts.get(name)
  remove = async (name: string) => void this.texts.delete(name)
  add = async (name: string, text: string) => {
    if (this.texts.has(name)) return false
    this.texts.set(name, text)
    return true
  }
  replace = async (texts: ReadonlyMap<string, string>) => {
    for (const [name, text] of texts) this.texts.set(name, text)
  }
}

test('nodes share the keys of authorities and log, and neither roots nor their own', async () => {
  const shared = new Shelf()
  const [one, other] = [newPlaces(), newPlaces()]
  const first = await open({ ...one, shared })
  const second = await open({ ...other, shared })
  const spki = await first.make('p-256', 'key_1', 'authority')
  await first.make('ed25519', 'log_1', 'log')
  await first.make('p-384', 'root_1', 'root')
  await first.make('p-256', 'tmp_1', 'root')
  await first.keep('tls_1', await first.dangerouslyReveal('tmp_1'))
  assert.deepEqual(await shared.names(), ['key_1', 'log_1'])
  assert.ok(isSignature('p-256', spki, await second.sign('key_1', message)), 'made after it opened')
  assert.deepEqual(
    ['key_1', 'log_1', 'root_1', 'tls_1'].map((id) => second.has(id)),
    [true, false, false, false],
  )
  await second.refresh()
  assert.ok(second.has('log_1'))
  await assert.rejects(second.sign('root_1', message), isFault('key-missing'))
  await assert.rejects(second.make('p-256', 'key_1', 'authority'), TypeError)
})

test('a shared key opens with nothing but the passphrase, and not with another', async () => {
  const shared = new Shelf()
  const first = await open({ ...newPlaces(), shared })
  await first.make('p-256', 'key_1', 'authority')
  await assert.rejects(open({ ...newPlaces(), shared }, 'another'), isFault('key-locked'))
  const text = shared.texts.get('key_1') ?? ''
  shared.texts.set('key_1', text.replace('p-256', 'p-384'))
  await assert.rejects(open({ ...newPlaces(), shared }), isFault('key-damaged'))
})

test('a key that another node makes under the same name at the same moment is refused', async () => {
  const shared = new Shelf()
  const [first, second] = [
    await open({ ...newPlaces(), shared }),
    await open({ ...newPlaces(), shared }),
  ]
  const made = await Promise.allSettled([
    first.make('p-256', 'key_1', 'authority'),
    second.make('p-256', 'key_1', 'authority'),
  ])
  assert.deepEqual(made.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
})

test('a change of passphrase changes shared keys with those of the node', async () => {
  const shared = new Shelf()
  const places = { ...newPlaces(), shared }
  const keystore = await open(places)
  await keystore.make('p-256', 'key_1', 'authority')
  await keystore.make('p-256', 'tmp_1', 'root')
  await keystore.keep('tls_1', await keystore.dangerouslyReveal('tmp_1'))
  await keystore.changePassphrase(new Passphrase('the next'))
  const after = await open(places, 'the next')
  for (const id of ['key_1', 'tls_1', 'tmp_1']) await after.sign(id, message)
  await assert.rejects(open(places), isFault('key-locked'))
})

test('a shared key that is discarded is gone for all', async () => {
  const shared = new Shelf()
  const keystore = await open({ ...newPlaces(), shared })
  await keystore.make('p-256', 'key_1', 'authority')
  await keystore.discard('key_1')
  assert.equal(keystore.has('key_1'), false)
  await assert.rejects(keystore.sign('key_1', message), isFault('key-missing'))
  assert.deepEqual(await shared.names(), [])
})

test('a copy of a shared key in the directory counts no more', async () => {
  const shared = new Shelf()
  const places = newPlaces()
  const alone = await open(places, 'the old')
  await alone.make('p-256', 'key_1', 'authority')
  // As after a move of the store, and a change of passphrase at another node.
  shared.texts.set('key_1', readFileSync(join(places.keys, 'key_1.key'), 'latin1'))
  const other = await open({ ...newPlaces(), shared }, 'the old')
  await other.changePassphrase(new Passphrase(secret))
  const moved = await open({ ...places, shared })
  await moved.sign('key_1', message)
})
