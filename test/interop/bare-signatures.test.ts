// SPDX-License-Identifier: Apache-2.0
/** Bare signatures and detached CMS between us and openssl: what either signs the other takes, and refuses what is bent. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { memorySource } from '#format/archive/byte-source.ts'
import { encodePem } from '#format/pem.ts'
import type { KeyAlgorithmName, SignatureAlgorithmName } from '#trust/algorithms.ts'
import { cmsForm } from '#trust/artefact/cms/form.ts'
import { rawForm } from '#trust/artefact/raw/form.ts'
import { encodePrivateKey } from '#trust/private-key.ts'
import { madeNow } from '../made-certificates.ts'
import { absent } from '../support/absent.ts'
import { signAll, signingHouse } from '../support/signers.ts'
import { deviceKnowing, type SoftSigner, signPlan, softSigner } from '../support/soft-signers.ts'

const skip = absent('/usr/bin/openssl')
const place = mkdtempSync(join(tmpdir(), 'vitalsign-bare-'))
after(() => rmSync(place, { recursive: true }))
const at = (name: string) => join(place, name)
const file = Buffer.from('an update\n\r\nof 2 lines')
writeFileSync(at('file'), file)

function openssl(...args: readonly string[]): boolean {
  return spawnSync('/usr/bin/openssl', args, { cwd: place }).status === 0
}

const flipped = (bytes: Uint8Array) =>
  bytes.map((octet, index) => (index === bytes.length >> 1 ? octet ^ 1 : octet))
const one = Uint8Array.of(1)

/** What is done to a signature, and refused by both. */
const corruptions: readonly (readonly [string, (signature: Uint8Array) => Uint8Array])[] = [
  ['a bit in the middle', flipped],
  [
    'a bit of the first octet',
    (bytes) => bytes.map((octet, index) => (index === 0 ? octet ^ 1 : octet)),
  ],
  [
    'a bit of the last octet',
    (bytes) => bytes.map((octet, index) => (index === bytes.length - 1 ? octet ^ 1 : octet)),
  ],
  ['its first octet missing', (bytes) => bytes.subarray(1)],
  ['its last octet missing', (bytes) => bytes.subarray(0, -1)],
  ['an octet before it', (bytes) => Uint8Array.of(...one, ...bytes)],
  ['an octet behind it', (bytes) => Uint8Array.of(...bytes, ...one)],
  ['nothing', () => new Uint8Array()],
  ['zeros', (bytes) => new Uint8Array(bytes.length)],
  ['the greatest number', (bytes) => new Uint8Array(bytes.length).fill(0xff)],
  ['its octets in another order', (bytes) => bytes.toReversed()],
  ['itself twice', (bytes) => Uint8Array.of(...bytes, ...bytes)],
]

const isLonger = /behind it|twice/

interface Kind {
  readonly key: KeyAlgorithmName
  readonly algorithm: SignatureAlgorithmName
  readonly sign: readonly string[]
  readonly verify: readonly string[]
}

const pss = ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:digest']
const dgst = (digest: string, ...more: readonly string[]) => ({
  sign: ['dgst', `-${digest}`, ...more, '-sign', 'key.pem', '-out', 'theirs', 'file'],
  verify: ['dgst', `-${digest}`, ...more, '-verify', 'public.pem', '-signature', 'ours'],
})
const kinds: readonly Kind[] = [
  { key: 'p-256', algorithm: 'ecdsa-sha256', ...dgst('sha256') },
  { key: 'p-384', algorithm: 'ecdsa-sha384', ...dgst('sha384') },
  { key: 'rsa-2048', algorithm: 'rsa-sha256', ...dgst('sha256') },
  { key: 'rsa-2048', algorithm: 'rsa-pss-sha256', ...dgst('sha256', ...pss) },
  {
    key: 'ed25519',
    algorithm: 'ed25519',
    sign: ['pkeyutl', '-sign', '-inkey', 'key.pem', '-rawin', '-in', 'file', '-out', 'theirs'],
    verify: [
      'pkeyutl',
      '-verify',
      '-pubin',
      '-inkey',
      'public.pem',
      '-rawin',
      '-sigfile',
      'ours',
      '-in',
    ],
  },
]

async function judged(signer: SoftSigner, signature: Uint8Array, over: Uint8Array = file) {
  const trust = deviceKnowing([signer])
  return (await rawForm.verify(memorySource(signature), trust, memorySource(over))).kind
}

for (const { key, algorithm, sign, verify } of kinds)
  test(`openssl takes ${algorithm} of ours, we take its own, and both refuse what is bent`, {
    skip,
  }, async () => {
    const signer = await softSigner(key, algorithm)
    writeFileSync(at('key.pem'), encodePem('PRIVATE KEY', encodePrivateKey(signer.pair.privateKey)))
    writeFileSync(at('public.pem'), encodePem('PUBLIC KEY', signer.publicKey.spki))
    const ours = await signPlan(await rawForm.plan(memorySource(file), {}, [signer]), [signer])
    const takes = (signature: Uint8Array, name = 'file') => {
      writeFileSync(at('ours'), signature)
      return openssl(...verify, name)
    }
    assert.ok(takes(ours))
    assert.equal(await judged(signer, ours), 'genuine')
    for (const [what, change] of corruptions) {
      // openssl dgst reads as many octets as the longest signature has, and no more: that we refuse alone.
      const isRead = verify[0] !== 'dgst' || !isLonger.test(what)
      if (isRead) assert.ok(!takes(change(ours)), `openssl takes ${what}`)
      assert.equal(await judged(signer, change(ours)), 'refused', what)
    }
    writeFileSync(at('other'), flipped(file))
    assert.ok(!takes(ours, 'other'))
    assert.equal(await judged(signer, ours, flipped(file)), 'refused')
    assert.ok(openssl(...sign))
    assert.equal(await judged(signer, Uint8Array.from(readFileSync(at('theirs')))), 'genuine')
  })

test('openssl takes a CMS that stands beside a file, and refuses what both refuse', {
  skip,
}, async () => {
  const house = await signingHouse()
  const signer = await house.signer()
  writeFileSync(at('root.pem'), encodePem('CERTIFICATE', house.rootCertificate.der))
  const plan = await cmsForm.plan(memorySource(file), {}, [signer])
  assert.ok(plan.kind === 'plan')
  const [ours] = await plan.finish(signAll(plan.wanted, [signer]))
  assert.ok(ours instanceof Uint8Array)
  const takes = (message: Uint8Array, name = 'file') => {
    writeFileSync(at('cms'), message)
    return openssl(
      ...['cms', '-verify', '-binary', '-inform', 'DER', '-in', 'cms', '-content', name],
      ...['-CAfile', 'root.pem', '-attime', `${madeNow.epochMilliseconds / 1000}`, '-out', 'out'],
    )
  }
  const trust = house.trust()
  const judgedCms = async (message: Uint8Array, over: Uint8Array = file) =>
    (await cmsForm.verify(memorySource(message), trust, memorySource(over))).kind
  assert.ok(takes(ours))
  assert.equal(await judgedCms(ours), 'genuine')
  writeFileSync(at('other'), flipped(file))
  assert.ok(!takes(ours, 'other'))
  assert.equal(await judgedCms(ours, flipped(file)), 'refused')
  // Octets behind a message openssl does not look at: that one we refuse alone.
  for (const [what, change] of corruptions.filter(([name]) => !isLonger.test(name))) {
    assert.ok(!takes(change(ours)), `openssl takes ${what}`)
    assert.equal(await judgedCms(change(ours)), 'refused', what)
  }
  assert.equal(await judgedCms(Uint8Array.of(...ours, 0)), 'refused')
})
