// SPDX-License-Identifier: Apache-2.0
/** Our PKCS #11 backend on SoftHSM, judged by OpenSC's pkcs11-tool and by OpenSSL. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import {
  type KeyAlgorithmName,
  signatureAlgorithmFor,
  signatureAlgorithms,
} from '#trust/algorithms.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { verifySignature } from '#trust/signature.ts'
import { verifyOver } from '#trust/verify-digest.ts'
import { temporaryDirectory } from '../support/house.ts'
import { readProcFile } from '../support/processes.ts'
import {
  openTokenBackend,
  rightPin,
  softHsm,
  softToken,
  withoutToken,
} from '../support/soft-token.ts'

const skip = withoutToken
const message = new TextEncoder().encode('what is to be signed')

const made: readonly KeyAlgorithmName[] = [
  ...(['p-256', 'p-384', 'p-521', 'rsa-2048', 'rsa-3072', 'rsa-4096'] as const),
  ...(['rsa-pss-2048', 'rsa-pss-3072', 'rsa-pss-4096', 'ed25519'] as const),
]

test('every algorithm that the token has is made there and signs, also after it was opened anew', {
  skip,
}, async () => {
  const token = softToken('keys')
  const backend = await openTokenBackend(token)
  const spkis = new Map<string, Uint8Array>()
  for (const algorithm of made) {
    assert.ok(backend.makes(algorithm), algorithm)
    const { spki, facts } = await backend.make(algorithm, `key_${algorithm}`)
    assert.deepEqual(facts, {
      ...{ origin: 'server', protection: 'software', exportable: false },
      ...{ moduleCertificate: null, custody: 'pkcs11 keys' },
    })
    spkis.set(algorithm, spki)
  }
  const again = await openTokenBackend(token)
  for (const algorithm of made) {
    const publicKey = importPublicKey(
      parseSubjectPublicKeyInfo(spkis.get(algorithm) ?? new Uint8Array()),
    )
    assert.ok(!('kind' in publicKey))
    assert.equal(publicKey.algorithm, algorithm)
    const { identifier } = signatureAlgorithmFor(algorithm)
    for (const one of [backend, again]) {
      const signature = await one.sign(`key_${algorithm}`, message)
      assert.equal(
        await verifySignature(identifier, publicKey, message, signature),
        true,
        algorithm,
      )
    }
  }
})

test('the judge sees keys that were made there and never leave', { skip }, async () => {
  const token = softToken('judged')
  const backend = await openTokenBackend(token)
  const { spki } = await backend.make('p-384', 'key_1')
  const listed = token.tool('--list-objects', '--type', 'privkey')
  assert.match(listed, /Access:\s+sensitive, always sensitive, never extractable, local/)
  assert.match(listed, /Usage:\s+sign\s/)
  const place = temporaryDirectory()
  const files = {
    spki: join(place, 'spki.der'),
    signature: join(place, 's'),
    message: join(place, 'm'),
  }
  writeFileSync(files.spki, spki)
  writeFileSync(files.message, message)
  writeFileSync(files.signature, await backend.sign('key_1', message))
  const verified = spawnSync(
    'openssl',
    [
      ...['dgst', '-sha384', '-verify', files.spki, '-keyform', 'DER'],
      ...['-signature', files.signature, files.message],
    ],
    { encoding: 'utf8' },
  )
  assert.match(verified.stdout, /Verified OK/, verified.stderr)
})

test('a thousand signatures at once are all made, and counted per key', { skip }, async () => {
  const backend = await openTokenBackend(softToken('busy'))
  const { spki } = await backend.make('p-256', 'key_1')
  const publicKey = importPublicKey(parseSubjectPublicKeyInfo(spki))
  assert.ok(!('kind' in publicKey))
  const before = backend.health().signatures
  const signatures = await Promise.all(
    Array.from({ length: 1000 }, () => backend.sign('key_1', message)),
  )
  assert.equal(new Set(signatures.map((one) => one.toHex())).size, 1000)
  const { identifier } = signatureAlgorithmFor('p-256')
  for (const signature of signatures.slice(0, 50))
    assert.equal(await verifySignature(identifier, publicKey, message, signature), true)
  const { signatures: after, keys, waiting } = backend.health()
  assert.deepEqual([after - before, waiting], [1000, 0])
  assert.equal(keys.find(({ id }) => id === 'key_1')?.signatures, after)
})

test('a slow token signs in several sessions at once, and each caller gets the signature of its own', {
  skip,
}, async () => {
  const backend = await openTokenBackend(softToken('slow'), {}, { onThreads: true })
  const { spki } = await backend.make('p-256', 'key_1')
  await backend.make('rsa-pss-3072', 'key_2')
  const publicKey = importPublicKey(parseSubjectPublicKeyInfo(spki))
  assert.ok(!('kind' in publicKey))
  const { identifier } = signatureAlgorithmFor('p-256')
  const asked = Array.from({ length: 300 }, async (_, index) => {
    const own = new TextEncoder().encode(`message ${index}`)
    const [signature] = await Promise.all([
      backend.sign('key_1', own),
      index % 10 === 0 ? backend.sign('key_2', own) : undefined,
    ])
    return verifySignature(identifier, publicKey, own, signature)
  })
  assert.deepEqual(new Set(await Promise.all(asked)), new Set([true]))
})

test('the token says what it is and what it makes; no key is made twice under one id', {
  skip,
}, async () => {
  const backend = await openTokenBackend(softToken('said'), { certificate: 'FIPS 140-3 #4735' })
  const { facts } = await backend.make('p-256', 'key_1')
  assert.equal(facts.moduleCertificate, 'FIPS 140-3 #4735')
  assert.equal(backend.makes('ml-dsa-65'), false)
  assert.equal(backend.makes('ed448'), false)
  assert.match(JSON.stringify(backend.health().facts), /SoftHSM v2/)
  assert.equal(backend.health().facts['hardware'], 'no')
  await assert.rejects(backend.make('p-256', 'key_1'), { code: 'key-not-as-asked' })
  await assert.rejects(backend.sign('key_none', message), { code: 'key-missing' })
})

test('the PIN stands in no argument and no environment of the process that has the module', {
  skip,
}, async () => {
  const backend = await openTokenBackend(softToken('quiet'))
  const id = backend.processId ?? 0
  assert.match(readProcFile(id, 'cmdline'), /child/)
  for (const place of ['cmdline', 'environ'] as const)
    assert.ok(!readProcFile(id, place).includes(rightPin), place)
})

test('the module refuses to wrap a key of ours for taking out, where it wraps another', {
  skip,
}, async () => {
  const token = softToken('wrapped')
  const backend = await openTokenBackend(token)
  await backend.make('p-256', 'key_ours')
  const [theirs, wrapping] = [Buffer.from('theirs'), Buffer.from('wrapping')]
  const idOf = (bytes: Buffer) => ['--id', bytes.toString('hex')]
  token.tool('--keygen', '--key-type', 'AES:32', '--usage-wrap', ...idOf(wrapping))
  token.tool('--keypairgen', '--key-type', 'EC:prime256v1', '--extractable', ...idOf(theirs))
  // As an attacker does who has the PIN.
  const script = `
    const p = require('pkcs11js'), m = new p.PKCS11()
    m.load(${JSON.stringify(softHsm)}); m.C_Initialize()
    const slot = m.C_GetSlotList(true)[0], s = m.C_OpenSession(slot, 6)
    m.C_Login(s, 1, ${JSON.stringify(rightPin)})
    const find = (kind, id) => {
      m.C_FindObjectsInit(s, [{ type: p.CKA_CLASS, value: kind }, { type: p.CKA_ID, value: Buffer.from(id) }])
      try { return m.C_FindObjects(s, 1)[0] } finally { m.C_FindObjectsFinal(s) }
    }
    for (const id of ['theirs', 'key_ours'])
      try {
        const wrapped = m.C_WrapKey(s, { mechanism: 0x210a }, find(4, 'wrapping'), find(3, id), Buffer.alloc(4096))
        console.log(id, wrapped.length > 50)
      } catch (error) { console.log(id, error.message) }`
  const { stdout, stderr } = spawnSync(process.execPath, ['--eval', script], { encoding: 'utf8' })
  assert.deepEqual(
    stdout.trim().split('\n'),
    ['theirs true', 'key_ours CKR_KEY_UNEXTRACTABLE'],
    stderr,
  )
})

test('a key that another node made in their token is found, signs, and is looked at', {
  skip,
}, async () => {
  const token = softToken('keys')
  const [one, other] = [await openTokenBackend(token), await openTokenBackend(token)]
  assert.equal(await other.has('key_1'), false)
  const { spki } = await one.make('p-256', 'key_1')
  assert.equal(await other.has('key_1'), true)
  assert.deepEqual(
    other.health().keys.map(({ id, spki }) => [id, spki.toHex()]),
    [['key_1', spki.toHex()]],
  )
  assert.ok((await other.sign('key_1', message)).length > 60)
})

test('a token signs by another padding, and digests of others, where its key does', {
  skip,
}, async () => {
  const backend = await openTokenBackend(softToken('asked'))
  const ways = [
    ['p-256', 'ecdsa-sha256'],
    ['p-384', 'ecdsa-sha256'],
    ['rsa-3072', 'rsa-pss-sha256'],
    ['rsa-3072', 'rsa-sha512'],
    ['rsa-pss-3072', 'rsa-pss-sha512'],
    ['rsa-2048', 'rsa-pss-sha256-longest-salt'],
    ['rsa-3072', 'rsa-pss-sha384-longest-salt'],
  ] as const
  for (const [key, algorithm] of ways) {
    const keyId = `key_${key}_${algorithm}`
    const { spki } = await backend.make(key, keyId)
    const publicKey = importPublicKey(parseSubjectPublicKeyInfo(spki))
    assert.ok(!('kind' in publicKey))
    const row = signatureAlgorithms[algorithm]
    const digested = Uint8Array.from(hash(row.digest ?? '', message, 'buffer'))
    for (const [over, bytes] of [
      ['message', message],
      ['digest', digested],
    ] as const) {
      const signature = await backend.sign(keyId, bytes, { algorithm, over })
      assert.ok(await verifyOver('message', row, publicKey, message, signature))
    }
    // The way of one signature is not the way of the next.
    const usual = signatureAlgorithmFor(key)
    const again = await backend.sign(keyId, message)
    assert.equal(await verifySignature(usual.identifier, publicKey, message, again), true)
    await assert.rejects(backend.sign(keyId, message, { algorithm, over: 'digest' }), TypeError)
  }
  await backend.make('ed25519', 'key_ed')
  const asked = { algorithm: 'ed25519', over: 'digest' } as const
  await assert.rejects(backend.sign('key_ed', new Uint8Array(32), asked), TypeError)
})
