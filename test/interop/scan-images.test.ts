// SPDX-License-Identifier: Apache-2.0
/** Images by the tools that make real ones, with something planted deep inside: it is found there, and nothing else is. */
import assert from 'node:assert/strict'
import { createECDH } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Finding } from '#core/scan/finding.ts'
import { collect } from '#house/scan/collect.ts'
import { scanPath } from '#house/scan/scan-path.ts'
import { Random, seedOfRun } from '../fuzz/random.ts'
import { images, makeImage, withoutPrograms } from '../support/scan/images.ts'

const seed = seedOfRun()
const random = new Random(seed)
const place = mkdtempSync(join(tmpdir(), 'vitalsign-images-'))
after(() => rmSync(place, { recursive: true }))

const finders = { url: new URL('../support/scan/mark-finder.ts', import.meta.url).href }

/** A file as devices have it: a key and a mark somewhere within, or neither. */
function fileWith(key: Uint8Array, mark: string): Uint8Array {
  const before = random.bytes(random.below(5_000))
  return Buffer.concat([before, key, random.bytes(300), Buffer.from(mark), random.bytes(700)])
}

const made = images
  .filter((image) => withoutPrograms(image) === false)
  .map((image, index) => {
    const mark = `planted:${Buffer.from(random.bytes(8)).toString('hex')}`
    const [directory, twin] = [join(place, `${index}`), join(place, `${index}-twin`)]
    for (const one of [directory, twin]) mkdirSync(one)
    const key = sec1Key(random.bytes(32))
    const path = makeImage(image, directory, fileWith(key, mark), random)
    const twinPath = makeImage(image, twin, fileWith(random.bytes(121), 'no mark'), random)
    return { image, mark, path, twinPath }
  })

/** ECPrivateKey of RFC 5915, in DER, on P-256. */
function sec1Key(scalar: Uint8Array): Uint8Array {
  const pair = createECDH('prime256v1')
  pair.setPrivateKey(scalar)
  const head = Buffer.from('30770201010420', 'hex')
  const middle = Buffer.from('a00a06082a8648ce3d030107a144034200', 'hex')
  return Buffer.concat([head, scalar, middle, pair.getPublicKey()])
}

/** All images in one scan, as somebody would who has a directory of them. */
const found = await Array.fromAsync(
  scanPath(
    made.flatMap(({ path, twinPath }) => [path, twinPath]),
    { finders },
  ),
)

const now = Temporal.Instant.from('2026-11-29T00:00:00Z')
/** And once more by those who look for keys. */
const secrets = await collect(
  made.flatMap(({ path, twinPath }) => [path, twinPath]),
  { now },
)

for (const image of images) {
  const missing = withoutPrograms(image)
  const one = made.find((other) => other.image === image)
  test(`${image.name}: what was planted is found at its inner path (FUZZ_SEED=${seed})`, {
    skip: missing,
  }, () => {
    const told = found
      .filter(({ path }) => path[0] === one?.path)
      .map((finding) => [finding.path.slice(1), 'what' in finding ? finding.what : finding])
    assert.deepEqual(told, [[image.inside, one?.mark]])
  })
  test(`${image.name}: of its clean twin nothing is said`, { skip: missing }, () => {
    assert.deepEqual(
      found.filter(({ path }) => path[0] === one?.twinPath),
      [],
    )
  })
  test(`${image.name}: a private key in it is found, and none in its twin`, {
    skip: missing,
  }, () => {
    const keys = secrets.findings.filter(({ rule }) => rule.startsWith('private-key'))
    const inside = ({ path }: Finding) => path.slice(1)
    assert.deepEqual(keys.filter(({ path }) => path[0] === one?.path).map(inside), [image.inside])
    assert.deepEqual(
      keys.filter(({ path }) => path[0] === one?.twinPath),
      [],
    )
  })
}

test('nothing in any of these images was passed by', () => assert.deepEqual(secrets.notScanned, []))
