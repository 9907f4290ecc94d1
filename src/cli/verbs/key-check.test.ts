// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { encodePem } from '#format/pem.ts'
import { encodePrivateKey, generateKey } from '#trust/private-key.ts'
import { numberDigest } from '#trust/weak-keys/lists/number-digest.ts'
import { readVectors } from '../../../test/frozen-vectors.ts'
import { requestBy, temporaryDirectory } from '../../../test/support/house.ts'
import { listOf } from '../../../test/support/key-lists.ts'
import { Stop } from '../stop.ts'
import { checkKeys } from './key-check.ts'
import type { Call, Verb } from './verb.ts'
import { importKeyList, listKeyLists } from './weak-keys.ts'

const place = temporaryDirectory()
after(() => rmSync(place, { recursive: true }))

const fresh = await generateKey('p-256')
const request = await requestBy(fresh)

/** Runs a verb. @returns its exit status, and what it wrote */
async function run(verb: Verb, said: Readonly<Record<string, unknown>>) {
  const hints: string[] = []
  let written = ''
  const call = {
    said: {
      value: (name: string) => said[name],
      text: (name: string) => said[name] as string | undefined,
      has: (name: string) => said[name] === true,
    },
    terminal: {
      ...{ paint: (_: string, text: string) => text, hint: (text: string) => hints.push(text) },
      write: async (text: string) => {
        written += text
      },
    },
  }
  return { status: await verb(call as unknown as Call), written, hints }
}

function file(name: string, content: string | Uint8Array): string {
  const path = join(place, name)
  writeFileSync(path, content)
  return path
}

const vectorPem = (name: string) =>
  encodePem(
    'PUBLIC KEY',
    readVectors('trust/weak-keys').find((one) => one.name === name)!.blocks[0]!.bytes,
  )

test('a weak key is told with its finding, what it means and who says so; the status says that it is weak', async () => {
  const files = [
    file('roca.pem', vectorPem('badkeys-roca')),
    file('prime.pem', vectorPem('badkeys-prime-modulus')),
  ]
  const { status, written, hints } = await run(checkKeys, { file: files, data: place })
  assert.equal(status, 1)
  assert.match(written, /roca\.pem, public key: rsa-2048, weak/)
  assert.match(written, /roca \(critical\): the modulus bears the mark of ROCA/)
  assert.match(written, /a flawed library in certain chips/)
  assert.match(written, /source: CVE-2017-15361/)
  assert.match(written, /modulus-degenerate \(critical\)/)
  assert.ok(hints.some((hint) => hint.includes('docs/guides/weak-keys.md')))
})

test('requests and public keys with a sound key are well, in PEM and in DER', async () => {
  const forms = [
    ['request', encodePem('CERTIFICATE REQUEST', request)],
    ['request', request],
    ['public key', encodePem('PUBLIC KEY', fresh.publicKey.spki)],
    ['public key', fresh.publicKey.spki],
  ] as const
  const files = forms.map(([, content], at) => file(`sound-${at}`, content))
  const { status, written } = await run(checkKeys, { file: files, data: place, json: true })
  assert.equal(status, 0)
  const { keys } = JSON.parse(written) as { readonly keys: readonly Record<string, unknown>[] }
  const fingerprint = fresh.publicKey.fingerprint.toHex()
  assert.deepEqual(
    keys.map((key) => [key['in'], key['algorithm'], key['fingerprint'], key['findings']]),
    forms.map(([what]) => [what, 'p-256', fingerprint, []]),
  )
})

test('a key that no door lets in is told with the reason that a device would hear', async () => {
  // RSA of 1024 bits.
  const path = file('short.pem', vectorPem('paranoid-pattern-in-both-primes'))
  const { status, written } = await run(checkKeys, { file: [path], data: place })
  assert.equal(status, 1)
  assert.match(written, /short\.pem, public key: key-too-weak/)
})

for (const [form, content] of Object.entries({
  PEM: encodePem('PRIVATE KEY', encodePrivateKey(fresh.privateKey)),
  DER: encodePrivateKey(fresh.privateKey),
  'PEM beside its request':
    encodePem('CERTIFICATE REQUEST', request) +
    encodePem('PRIVATE KEY', encodePrivateKey(fresh.privateKey)),
}))
  test(`a private key in ${form} is not looked at`, async () => {
    await assert.rejects(
      run(checkKeys, { file: [file('private', content)], data: place }),
      (error) => {
        assert.ok(error instanceof Stop)
        assert.equal(error.status, 2)
        assert.match(error.message, /holds a private key/)
        return true
      },
    )
  })

test('a file without a key is wrong use', async () => {
  for (const content of ['', 'no key', encodePem('X509 CRL', new Uint8Array([0x30, 0]))])
    await assert.rejects(run(checkKeys, { file: [file('none', content)], data: place }), Stop)
})

test('a blocklist of badkeys is taken in with its index, and its keys are found by list and part', async () => {
  const data = join(place, 'house')
  mkdirSync(data)
  const blocks = Array.from({ length: 500 }, (_, at) =>
    Buffer.concat([createHash('sha256').update(`${at}`).digest().subarray(0, 15), Buffer.of(10)]),
  )
  blocks.push(Buffer.concat([numberDigest(fresh.publicKey).subarray(0, 15), Buffer.of(1)]))
  const blocklist = Buffer.concat(blocks.sort(Buffer.compare))
  const dat = file('blocklist.dat', blocklist)
  const index = {
    ...{ bkformat: 0, date: '2026-11-01T03:00:00+00:00' },
    blocklist_sha256: createHash('sha256').update(blocklist).digest('hex'),
    blocklists: [
      { id: 1, name: 'debianssl', type: 'github', repo: 'badkeys/debianopenssl', path: 'main' },
      { id: 10, name: 'softwaretests', type: 'github', repo: 'SecurityFail/kompromat', path: 'x' },
    ],
  }
  const import_ = (more: object = {}, content: Uint8Array = blocklist) => {
    writeFileSync(dat, content)
    writeFileSync(join(place, 'badkeysdata.json'), JSON.stringify({ ...index, ...more }))
    return run(importKeyList, { file: dat, data })
  }
  const taken = await import_()
  assert.match(taken.written, /badkeys: 501 entries of key-listed, badkeys blocklist of 2026-11-01/)
  const found = await run(checkKeys, { file: [file('listed.der', fresh.publicKey.spki)], data })
  assert.equal(found.status, 1)
  assert.match(found.written, /key-listed .*the list badkeys, debianssl of badkeys\/debianopenssl/)
  // What lies takes nothing away.
  const lies: readonly (readonly [RegExp, object, Uint8Array?])[] = [
    [/has the digest .* its index says/, { blocklist_sha256: '0'.repeat(64) }],
    [/blocks of 16 octets/, {}, blocklist.subarray(0, -1)],
    [/version is not known/, { bkformat: 1 }],
    [/id 256 of a blocklist/, { blocklists: [{ id: 256, name: 'x' }] }],
    [/blocklists/, { blocklists: [] }],
  ]
  for (const [words, more, content] of lies)
    await assert.rejects(import_(more, content), (error) => {
      assert.ok(error instanceof Stop && error.status === 1, String(error))
      assert.match(error.message, words)
      return true
    })
  const turned = Buffer.concat([...blocks].reverse())
  const digest = createHash('sha256').update(turned).digest('hex')
  await assert.rejects(import_({ blocklist_sha256: digest }, turned), /entry 1 is not above/)
  const listed = await run(listKeyLists, { data, json: true })
  assert.deepEqual(
    JSON.parse(listed.written).lists.map((one: { name: string; entries: number }) => [
      one.name,
      one.entries,
    ]),
    [['badkeys', 501]],
  )
  assert.deepEqual(readdirSync(join(data, 'weak-keys')), ['badkeys.list'])
  // As it is fetched; and with an index that is not there.
  const packed = file('blocklist.dat.xz', Uint8Array.fromHex('fd377a585a000004e6d6b446'))
  await assert.rejects(run(importKeyList, { file: packed, data }), (error) => {
    assert.ok(error instanceof Stop)
    assert.match(error.hint ?? '', /xz -d/)
    return true
  })
  const nowhere = run(importKeyList, { file: dat, index: join(place, 'nowhere.json'), data })
  await assert.rejects(
    nowhere,
    (error) => error instanceof Stop && /cannot be read/.test(error.message),
  )
})

test('a list of ours is taken in under its name, and one that lies is not', async () => {
  const data = join(place, 'second')
  mkdirSync(data)
  const { bytes } = listOf([fresh.publicKey], { name: 'ours' })
  const own = file('any.name', bytes)
  assert.equal((await run(importKeyList, { file: own, data })).status, 0)
  assert.deepEqual(readdirSync(join(data, 'weak-keys')), ['ours.list'])
  const cut = file('cut', bytes.slice(0, -1))
  await assert.rejects(run(importKeyList, { file: cut, data }), /was not taken: .*0 whole entries/)
  assert.equal((await run(listKeyLists, { data })).status, 0)
  // Put there by hand: it is named, and the status says so.
  writeFileSync(join(data, 'weak-keys', 'hand.list'), bytes.slice(0, 30))
  const { status, written } = await run(listKeyLists, { data })
  assert.equal(status, 1)
  assert.match(written, /✗ hand\.list is not asked: /)
})

test('nothing is taken in where no installation is', async () => {
  const own = file('list', listOf([fresh.publicKey]).bytes)
  await assert.rejects(
    run(importKeyList, { file: own, data: join(place, 'nowhere') }),
    /no installation/,
  )
})
