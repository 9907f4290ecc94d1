// SPDX-License-Identifier: Apache-2.0
/** A device's keys in a software TPM, which tpm2-tools and OpenSSL's provider use too. */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { promisify } from 'node:util'
import { findAttestationKey } from '#device/tpm/attestation-key.ts'
import { visitTpm } from '#device/tpm/conversation.ts'
import { findEndorsement } from '#device/tpm/endorsement.ts'
import { attestationHandle, deviceHandles, readBook } from '#device/tpm/handle-book.ts'
import { tpmKeys } from '#device/tpm/tpm-keys.ts'
import { listHandles } from '#format/tpm/command/inventory.ts'
import {
  create,
  evictControl,
  flushContext,
  load,
  readPublicArea,
} from '#format/tpm/command/objects.ts'
import { shownHandle } from '#format/tpm/handles.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { type KeyAlgorithmName, signatureAlgorithmFor } from '#trust/algorithms.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { verifySignature } from '#trust/signature.ts'
import { signingKeyTemplates, storageRootHandle } from '#trust/tpm/templates.ts'
import { FragileFiles } from '../journeys/support/device-bench.ts'
import { makeTpm, openTpmMaker, type SoftTpm, type TpmMaker, withoutTpm } from '../support/tpm.ts'

const skip = withoutTpm
const run = promisify(execFile)
const modules = /"(.*)"/.exec(String(spawnSync('openssl', ['version', '-m']).stdout))?.[1]
const hasProvider = modules !== undefined && existsSync(join(modules, 'tpm2.so'))
const withoutProvider =
  skip !== false || hasProvider || process.env.PEERS === 'required'
    ? skip
    : 'peer not installed: tpm2-openssl'

let maker: TpmMaker
let tpm: SoftTpm
let files: FragileFiles
before(async () => {
  if (skip !== false) return
  maker = openTpmMaker()
  tpm = await makeTpm(maker)
})
beforeEach(async () => {
  if (skip !== false) return
  files = new FragileFiles()
  await tpm.link.close()
  for (const handle of [attestationHandle, ...deviceHandles]) await drop(handle)
})
after(async () => {
  await tpm?.remove()
  maker?.remove()
})

const address = () => ({ kind: 'socket', path: tpm.socket }) as const
const keys = () => tpmKeys(address(), files)

/** Whatever is at a handle is gone afterwards; the way to the TPM is free. */
async function drop(handle: number): Promise<void> {
  const { handles } = await tpm.ask(listHandles('persistent'))
  if (handles.includes(handle)) await tpm.ask(evictControl(handle, handle))
  await tpm.link.close()
}

/** Puts a key that is none of ours at a handle. */
async function occupy(handle: number): Promise<void> {
  const made = await tpm.ask(create(storageRootHandle, signingKeyTemplates['p-256']))
  const loaded = await tpm.ask(load(storageRootHandle, made))
  await tpm.ask(evictControl(loaded.handle, handle))
  await tpm.ask(flushContext(loaded.handle))
  await tpm.link.close()
}

async function persistent(): Promise<readonly number[]> {
  const { handles } = await tpm.ask(listHandles('persistent'))
  await tpm.link.close()
  return handles.filter((handle) => deviceHandles.includes(handle))
}

for (const name of ['p-256', 'p-384', 'p-521', 'rsa-2048'] as const satisfies KeyAlgorithmName[]) {
  test(`a key of ${name} is made at a handle, and signs as X.509 wants it`, { skip }, async () => {
    const { keyPem, spki } = await keys().make(name)
    const algorithm = signatureAlgorithmFor(name)
    const message = new TextEncoder().encode('to be signed')
    const signature = await keys().sign(keyPem, algorithm, message)
    const publicKey = importPublicKey(parseSubjectPublicKeyInfo(spki))
    assert.ok(!('kind' in publicKey))
    assert.equal(publicKey.algorithm, name)
    assert.equal(await verifySignature(algorithm.identifier, publicKey, message, signature), true)
    assert.deepEqual(await persistent(), deviceHandles.slice(0, 1))
  })
}

test('a key whose handle somebody dropped is loaded from its file', { skip }, async () => {
  const { keyPem } = await keys().make('p-256')
  const [first = 0] = deviceHandles
  await drop(first)
  const signature = await keys().sign(keyPem, signatureAlgorithmFor('p-256'), new Uint8Array(1))
  assert.ok(signature.length > 60)
})

test('the file of a key is of no use in another TPM', { skip }, async () => {
  const { keyPem } = await keys().make('p-256')
  const other = await makeTpm(maker)
  try {
    const elsewhere = tpmKeys({ kind: 'socket', path: other.socket }, new FragileFiles())
    await assert.rejects(
      elsewhere.sign(keyPem, signatureAlgorithmFor('p-256'), new Uint8Array(1)),
      { code: 'tpm-refused', message: /TPM_RC_INTEGRITY/ },
    )
  } finally {
    await other.remove()
  }
})

test('keys that nobody names are dropped, and others are left alone', { skip }, async () => {
  const [first = 0, second = 0, third = 0] = deviceHandles
  await occupy(second)
  const one = await keys().make('p-256')
  const two = await keys().make('p-256')
  assert.deepEqual(await persistent(), [first, second, third])
  await keys().forgetAllBut([two.keyPem])
  assert.deepEqual(await persistent(), [second, third])
  await keys().forgetAllBut([])
  assert.deepEqual(await persistent(), [second])
  assert.deepEqual([...readBook(files).entries], [])
  assert.notEqual(one.keyPem, two.keyPem)
})

test('what others put where a key of ours was stays', { skip }, async () => {
  await keys().make('p-256')
  const [first = 0] = deviceHandles
  await drop(first)
  await occupy(first)
  await keys().forgetAllBut([])
  assert.deepEqual(await persistent(), [first])
})

test('with all handles taken by others a key is refused, and they are named', {
  skip,
}, async () => {
  for (const handle of deviceHandles) await occupy(handle)
  await assert.rejects(keys().make('p-256'), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'tpm-handle-taken')
    return deviceHandles.every((handle) => error.message.includes(shownHandle(handle)))
  })
})

test('an attestation key is made once, and nothing else is taken for one', { skip }, async () => {
  const find = () => visitTpm(address(), (visit) => findAttestationKey(visit, files))
  const made = await find()
  assert.deepEqual((await find()).name, made.name)
  // The state directory was lost: the key is taken over.
  files = new FragileFiles()
  assert.deepEqual((await find()).name, made.name)
  await drop(attestationHandle)
  await occupy(attestationHandle)
  await assert.rejects(find(), { code: 'tpm-handle-taken' })
})

test('the endorsement key is the one that its maker certified', { skip }, async () => {
  const found = await visitTpm(address(), (visit) => findEndorsement(visit, undefined))
  assert.equal(found.name, 'p-384-high')
  assert.equal(found.handle, 0x8101_0016)
  assert.equal(found.certificates.length, 1)
  const other = await visitTpm(address(), (visit) => findEndorsement(visit, 'p-256-low'))
  assert.deepEqual([other.certificates.length, other.public.type], [0, 'ecc'])
})

test('on a bare TPM the storage root key is made at its usual handle', { skip }, async () => {
  const bare = await makeTpm()
  try {
    const made = await tpmKeys({ kind: 'socket', path: bare.socket }, new FragileFiles()).make(
      'p-256',
    )
    assert.match(made.keyPem, /^-----BEGIN TSS2 PRIVATE KEY-----/)
    const { public: found } = await bare.ask(readPublicArea(storageRootHandle))
    assert.ok(found.attributes.includes('restricted'))
  } finally {
    await bare.remove()
  }
})

test('OpenSSL signs with the file of a key through its provider for TPMs', {
  skip: withoutProvider,
}, async () => {
  const { keyPem, spki } = await keys().make('p-256')
  const file = (name: string) => join(tpm.directory, name)
  writeFileSync(file('device.pem'), keyPem)
  writeFileSync(file('message'), 'to be signed')
  const provider = ['-provider', 'tpm2', '-provider', 'default', '-propquery', '?provider=tpm2']
  const words = ['-sign', 'device.pem', '-out', 'signature', 'message']
  await run('openssl', ['dgst', '-sha256', ...provider, ...words], {
    cwd: tpm.directory,
    env: { PATH: process.env['PATH'] ?? '', TPM2OPENSSL_TCTI: tpm.tcti },
  })
  writeFileSync(file('public.der'), spki)
  const verify = ['-verify', 'public.der', '-keyform', 'DER', '-signature', 'signature', 'message']
  const { stdout } = await run('openssl', ['dgst', '-sha256', ...verify], { cwd: tpm.directory })
  assert.match(stdout, /Verified OK/)
  // The provider leaves what it loads; only a resource manager would drop it.
  await tpm.tool('tpm2_flushcontext', '-t')
})
