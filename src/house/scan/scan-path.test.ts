// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { newMark } from '../../../test/support/scan/walked.ts'
import { type ScanOptions, scanPath } from './scan-path.ts'
import type { Found } from './thread-protocol.ts'

const root = mkdtempSync(join(tmpdir(), 'vitalsign-scan-'))
after(() => rmSync(root, { recursive: true }))

const finders = {
  url: new URL('../../../test/support/scan/mark-finder.ts', import.meta.url).href,
}

async function scanned(path: string, options: Partial<ScanOptions> = {}) {
  const scan = scanPath([join(root, path)], { finders, ...options })
  const found: Found[] = []
  for await (const one of scan) found.push(one)
  const told = found.map((one) => [
    one.path.join(' > ').slice(root.length + 1),
    'reason' in one ? one.reason : 'what' in one ? one.what : one.kind,
  ])
  return { told, summary: await scan.summary }
}

test('a tree is told in the order of its names, however many threads scan it', async () => {
  const marks: string[][] = []
  for (let number = 100; number < 400; number++) {
    const [name, mark] = [`many/${number % 7}/file-${number}`, newMark()]
    mkdirSync(join(root, `many/${number % 7}`), { recursive: true })
    writeFileSync(join(root, name), number % 3 === 0 ? gzipSync(mark) : mark)
    marks.push([number % 3 === 0 ? `${name} > content` : name, mark])
  }
  const wanted = marks.toSorted(([left = ''], [right = '']) => (left < right ? -1 : 1))
  for (const threads of [1, 2]) {
    const { told, summary } = await scanned('many', { threads })
    assert.deepEqual(told, wanted)
    assert.deepEqual([summary.files, summary.directories, summary.notScanned], [300, 8, 0])
  }
})

test('links are not followed, pipes not opened, and names shown so that no terminal obeys them', async () => {
  const mark = newMark()
  mkdirSync(join(root, 'odd/inside'), { recursive: true })
  symlinkSync('/', join(root, 'odd/root'))
  symlinkSync('inside', join(root, 'odd/twice'))
  execFileSync('mkfifo', [join(root, 'odd/pipe')])
  writeFileSync(join(root, 'odd/inside/line\n\u001b[31mred'), mark)
  writeFileSync(
    Buffer.concat([Buffer.from(join(root, 'odd/inside/latin-')), Buffer.of(0xe9)]),
    mark,
  )
  const { told, summary } = await scanned('odd')
  assert.deepEqual(told, [
    ['odd/inside/latin-\\xe9', mark],
    ['odd/inside/line\\x0a\\x1b[31mred', mark],
  ])
  assert.deepEqual([summary.links, summary.special, summary.files], [2, 1, 2])
})

test('a link that is named as a path is followed, to a file as to a directory', async () => {
  const mark = newMark()
  mkdirSync(join(root, 'builds/one'), { recursive: true })
  writeFileSync(join(root, 'builds/one/image.bin'), mark)
  symlinkSync('one/image.bin', join(root, 'builds/latest.bin'))
  symlinkSync('one', join(root, 'builds/latest'))
  assert.deepEqual((await scanned('builds/latest.bin')).told, [['builds/latest.bin', mark]])
  assert.deepEqual((await scanned('builds/latest')).told, [['builds/latest/image.bin', mark]])
})

test('a link that leads out of the tree is told, and one into it is scanned where it leads', async () => {
  const mark = newMark()
  for (const name of ['tree/etc', 'elsewhere'])
    mkdirSync(join(root, 'links', name), { recursive: true })
  writeFileSync(join(root, 'links/elsewhere/key'), newMark())
  writeFileSync(join(root, 'links/tree/etc/key'), mark)
  const link = (to: string, name: string) => symlinkSync(to, join(root, 'links/tree', name))
  link('etc/key', 'within')
  // The root of the device is meant.
  link('/etc/key', 'rooted')
  link('/proc/mounts', 'mounts')
  link('/dev/null', 'masked')
  link('nowhere', 'broken')
  link('circle', 'circle')
  assert.deepEqual((await scanned('links/tree')).told, [['links/tree/etc/key', mark]])
  link('../elsewhere', 'out')
  link('../elsewhere/key', 'out-too')
  assert.deepEqual((await scanned('links/tree')).told, [
    ['links/tree/etc/key', mark],
    ['links/tree/out', 'outside'],
  ])
})

test('a path that is not there is told', async () => {
  assert.deepEqual((await scanned('nowhere')).told, [['nowhere', 'gone']])
})

test('a scan that is stopped says so', async () => {
  const { told } = await scanned('many', { signal: AbortSignal.abort() })
  assert.equal(told.at(-1)?.[1], 'stopped')
})

test('a thread that breaks costs its file alone, which is named', async () => {
  mkdirSync(join(root, 'breaks'))
  const mark = newMark()
  for (const name of ['a', 'b', 'c', 'd']) writeFileSync(join(root, 'breaks', name), mark)
  writeFileSync(join(root, 'breaks', 'b2'), 'break the thread')
  const url = new URL('../../../test/support/scan/breaking-finder.ts', import.meta.url).href
  const { told } = await scanned('breaks', { finders: { url }, threads: 1 })
  assert.deepEqual(told, [
    ...[
      ['breaks/a', mark],
      ['breaks/b', mark],
      ['breaks/b2', 'scanner-ended'],
    ],
    ...[
      ['breaks/c', mark],
      ['breaks/d', mark],
    ],
  ])
})

test('finders that cannot be made break the scan, not its files', async () => {
  const url = new URL('no-such-finder.ts', import.meta.url).href
  await assert.rejects(scanned('many', { finders: { url } }), { code: 'ERR_MODULE_NOT_FOUND' })
})
