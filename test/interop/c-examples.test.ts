// SPDX-License-Identifier: Apache-2.0
/** The examples of clients/c are built and run; the client is as small as its guide says. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { keyPurposes } from '#format/oids.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import { mcubootForm } from '#trust/artefact/mcuboot/mcuboot.ts'
import { keyDigest } from '#trust/compact-status/status-of.ts'
import { certifyAuthority, madeNow, makeEntity } from '../made-certificates.ts'
import { signed, signerOf } from '../support/artefacts/signed.ts'
import { clientProgram, Driver, noMbedTls } from '../support/c-programs.ts'
import { temporaryDirectory } from '../support/house.ts'
import { firmware, outerHouse, signedBy } from '../support/outer-manifests.ts'
import { contentOf, makeStatusSigner, signedFile } from '../support/status-file.ts'

const place = temporaryDirectory()
const skip = noMbedTls
const examples = readdirSync('clients/c/examples')
  .filter((name) => name.endsWith('.c'))
  .map((name) => join('clients/c/examples', name))
const seconds = madeNow.epochMilliseconds / 1000
let driver: Driver

before(() => {
  if (skip !== false) return
  driver = new Driver(clientProgram('examples'))
})

after(() => driver?.end())

function keep(name: string, bytes: Uint8Array): string {
  const path = join(place, name)
  writeFileSync(path, bytes)
  return path
}

test('all of the client is under 3,500 lines, it allocates nothing, and each example fits on a page', () => {
  const lines = (path: string) => readFileSync(path, 'utf8').split('\n').length - 1
  const all = readdirSync('clients/c', { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
  const count = all.reduce((sum, path) => sum + lines(path), 0)
  assert.ok(count < 3_500, `${count} lines`)
  const client = all.filter((path) => !path.includes('examples'))
  for (const path of client) assert.doesNotMatch(readFileSync(path, 'utf8'), /[cm]alloc ?\(/, path)
  assert.deepEqual(
    examples.map((path) => path.split('/').at(-1)),
    ['enrol.c', 'read-status.c', 'verify-image.c', 'verify-manifest.c'],
  )
  for (const path of examples) assert.ok(lines(path) <= 27, path)
})

test('of the examples, a manifest is refused without ML-DSA and an image in its slot believed', {
  skip,
}, async () => {
  const house = await outerHouse()
  const signer = await signerOf('p-256')
  const choices = { version: '1.0.0', padHeader: true, securityCounter: '42' }
  const image = await signed(mcubootForm, firmware, choices, [signer])
  const slot = keep('slot', Uint8Array.of(...image, ...new Uint8Array(3000).fill(0xff)))
  const board = (counter: number, key: Uint8Array) =>
    driver.ask(
      'board',
      '/dev/null',
      keep('key', key),
      keep('other', house.postQuantum.publicKey.spki),
      counter,
      seconds,
    )
  await board(42, signer.publicKey.spki)
  assert.equal(await driver.ask('image', slot), 'ok')
  await board(43, signer.publicKey.spki)
  assert.equal(await driver.ask('image', slot), 'artefact-version-lower')
  await board(42, house.classical.publicKey.spki)
  assert.equal(await driver.ask('image', slot), 'artefact-signer-unknown')
  const [both, one] = [
    keep('both', house.genuine),
    await signedBy([house.classical], (manifest) => manifest, house.genuine),
  ]
  const beside = keep('pump.bin', firmware)
  assert.equal(await driver.ask('manifest', both, beside), 'algorithm-not-built-in')
  assert.equal(await driver.ask('manifest', keep('one', one), beside), 'artefact-signature-missing')
})

const serial = (last: number) => {
  const bytes = new Uint8Array(16).fill(last)
  new DataView(bytes.buffer).setUint32(0, 0x4000_0000 | ((seconds - 3600) & 0x3fff_ffff))
  return bytes
}

test('a status file is believed by its signer, its purpose and its root, and by nothing less', {
  skip,
}, async () => {
  for (const algorithm of ['p-256', 'p-384'] as const) {
    const good = await makeStatusSigner(algorithm)
    const other = await makeStatusSigner(algorithm)
    const content = contentOf(good.issuer, [
      [serial(1), 'revoked'],
      [serial(2), 'fine'],
    ])
    const ask = async (file: Uint8Array, which: number, root = good.root) => {
      await driver.ask('board', keep('root', root.der), '/dev/null', '/dev/null', 0, seconds)
      const issuer = keyDigest(good.issuer).toHex()
      return driver.ask('status', keep('status', file), issuer, serial(which).toHex())
    }
    const file = await signedFile(content, [good])
    assert.deepEqual([await ask(file, 1), await ask(file, 2)], ['2', '0'], algorithm)
    assert.equal(await ask(file, 1, other.root), '4', 'of another root')
    const bent = file.slice()
    bent[bent.length - 5]! ^= 1
    assert.equal(await ask(bent, 1), '4', 'another signature')
    const purposes = [keyPurposes.clientAuth]
    for (const extensions of [
      [encodeExtension('keyUsage', ['digitalSignature'])],
      [encodeExtension('keyUsage', ['digitalSignature']), encodeExtension('extKeyUsage', purposes)],
    ]) {
      const unfit = await makeStatusSigner(algorithm, { extensions })
      const about = contentOf(unfit.issuer, [[serial(1), 'revoked']])
      assert.equal(await ask(await signedFile(about, [unfit]), 1, unfit.root), '4', 'no purpose')
    }
    for (const wish of [
      { notAfter: madeNow.subtract({ hours: 1 }) },
      { notBefore: madeNow.add({ hours: 1 }) },
    ]) {
      const over = await makeStatusSigner(algorithm, {
        ...wish,
        extensions: [
          encodeExtension('keyUsage', ['digitalSignature']),
          encodeExtension('extKeyUsage', [keyPurposes.ocspSigning]),
        ],
      })
      const about = contentOf(over.issuer, [[serial(1), 'revoked']])
      assert.equal(await ask(await signedFile(about, [over]), 1, over.root), '4', 'out of its time')
    }
    const stranger = await certifyAuthority(await makeEntity('CN=issuing', algorithm))
    const forged = await signedFile(content, [{ ...good, issuer: stranger }])
    assert.equal(await ask(forged, 1), '4', 'no path')
  }
})
