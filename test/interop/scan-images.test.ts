// SPDX-License-Identifier: Apache-2.0
/** Images by the tools that make real ones, with something planted deep inside: it is found there, and nothing else is. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { scanPath } from '#house/scan/scan-path.ts'
import { Random, seedOfRun } from '../fuzz/random.ts'
import { images, makeImage, withoutPrograms } from '../support/scan/images.ts'

const seed = seedOfRun()
const random = new Random(seed)
const place = mkdtempSync(join(tmpdir(), 'vitalsign-images-'))
after(() => rmSync(place, { recursive: true }))

const finders = { url: new URL('../support/scan/mark-finder.ts', import.meta.url).href }

/** A file as devices have it: the mark somewhere within. */
function fileWith(mark: string): Uint8Array {
  return Buffer.concat([random.bytes(random.below(5_000)), Buffer.from(mark), random.bytes(700)])
}

const made = images
  .filter((image) => withoutPrograms(image) === false)
  .map((image, index) => {
    const mark = `planted:${Buffer.from(random.bytes(8)).toString('hex')}`
    const [directory, twin] = [join(place, `${index}`), join(place, `${index}-twin`)]
    for (const one of [directory, twin]) mkdirSync(one)
    const path = makeImage(image, directory, fileWith(mark), random)
    const twinPath = makeImage(image, twin, fileWith('no mark in this one'), random)
    return { image, mark, path, twinPath }
  })

/** All images in one scan, as somebody would who has a directory of them. */
const found = await Array.fromAsync(
  scanPath(
    made.flatMap(({ path, twinPath }) => [path, twinPath]),
    { finders },
  ),
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
}
