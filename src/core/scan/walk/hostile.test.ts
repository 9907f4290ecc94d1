// SPDX-License-Identifier: Apache-2.0
/** Images that are made to do harm cost a bounded time and memory, and are told: never a crash, never silence. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import type { ArchiveForm } from '#format/archive/archive.ts'
import type { ByteSource } from '#format/archive/byte-source.ts'
import { archiveForms } from '#format/archive/forms.ts'
import {
  androidBoot,
  androidSparse,
  espFlash,
  espImage,
  mcubootImage,
  uf2File,
} from '../../../../test/support/scan/firmware-bytes.ts'
import { newMark, walked } from '../../../../test/support/scan/walked.ts'

const text = new TextEncoder()
const reasons = ({ notScanned }: Awaited<ReturnType<typeof walked>>) =>
  notScanned.map(({ reason }) => reason)

/** A form whose members are itself, `copies` times: what a quine of gzip or zip is to whoever unpacks it. */
function selfContained(copies: number): ArchiveForm {
  return {
    ...{ name: 'quine', access: 'ranged', headOctets: 5 },
    recognise: (head) => new TextDecoder().decode(head.subarray(0, 5)) === 'quine',
    leftover: 'meaningless',
    async *members(source) {
      for (let copy = 0; copy < copies; copy++)
        yield { kind: 'member', name: `${copy}`, type: 'file', offset: 0, content: source }
    },
  }
}

test('a container that contains itself ends at the depth that is allowed', async () => {
  const result = await walked(text.encode('quine'), {}, { forms: [selfContained(1)] })
  assert.deepEqual(reasons(result), ['too-deep'])
  assert.equal(result.counts.depth, 16)
})

for (const [layers, told] of [
  [3, []],
  [4, ['too-deep']],
] as const)
  test(`of ${layers} streams in one another that each may hold much memory, three are open at once`, async () => {
    let image = text.encode('in the middle')
    for (let layer = 0; layer < layers; layer++) image = zstdCompressSync(image)
    assert.deepEqual(reasons(await walked(image)), told)
  })

test('containers that each contain many of their kind end with the budget of members', async () => {
  const forms = [selfContained(16)]
  const { notScanned, counts } = await walked(text.encode('quine'), { members: 5_000 }, { forms })
  assert.deepEqual(
    [notScanned.some(({ reason }) => reason === 'too-many-members'), counts.containers > 300],
    [true, true],
  )
})

test('what is told of one file has an end, and how much more there was is told', async () => {
  const forms = [selfContained(16)]
  const { notScanned } = await walked(
    text.encode('quine'),
    { depth: 3, members: 100_000 },
    { forms },
  )
  assert.equal(notScanned.length, 257)
  assert.match(notScanned.at(-1)?.because ?? '', /^3840 more parts of it .* too-deep/)
})

test('a bomb of many layers ends with the budget of octets', async () => {
  let bomb: Uint8Array = new Uint8Array(30_000_000)
  for (let layer = 0; layer < 4; layer++) bomb = gzipSync(bomb, { level: 9 })
  const result = await walked(bomb, { octets: 10_000_000 })
  assert.deepEqual(reasons(result), ['too-many-octets'])
  assert.ok(result.counts.octetsOut < 12_000_000)
})

test('what may come out is a share of what goes in, once it is more than a GiB', async () => {
  const { Spending, budgetsWith } = await import('./budgets.ts')
  const spend = (size: number, octets: number) =>
    new Spending(budgetsWith(), size, () => undefined).spendOctets(octets)
  spend(1, 2 ** 30)
  spend(10_000_000, 1_999_000_000)
  for (const [size, octets] of [
    [1, 2 ** 30 + 1],
    [10_000_000, 2_000_000_001],
    [2 ** 40, 2 ** 36 + 1],
  ] as const)
    assert.throws(() => spend(size, octets), { reason: 'too-many-octets' })
})

test('octets that must be kept and do not fit are told, and searched as far as they are', async () => {
  const place = mkdtempSync(join(tmpdir(), 'vitalsign-hostile-'))
  try {
    const mark = newMark()
    writeFileSync(join(place, 'file'), mark)
    const squash = ['file', 'image', '-noI', '-noD', '-noF', '-quiet', '-no-progress']
    execFileSync('/usr/bin/mksquashfs', squash, { cwd: place })
    const image = gzipSync(readFileSync(join(place, 'image')))
    const all = await walked(image)
    assert.deepEqual(all.marks, [`content > file: ${mark}`])
    const some = await walked(image, { spoolOctets: 1_000 })
    assert.ok(reasons(some).includes('spool-full'))
  } finally {
    rmSync(place, { recursive: true })
  }
})

test('a disk of ten billion octets, nearly all of them holes, is searched to its end', async () => {
  const place = mkdtempSync(join(tmpdir(), 'vitalsign-hostile-'))
  try {
    const mark = newMark()
    writeFileSync(join(place, 'disk'), '')
    truncateSync(join(place, 'disk'), 10_000_000_000)
    execFileSync('/bin/sh', ['-c', `printf %s ${mark} >> disk; tar -Scf image disk`], {
      cwd: place,
    })
    const { findings, counts } = await walked(readFileSync(join(place, 'image')))
    assert.deepEqual(
      findings.map(({ offset, path }) => [offset, path.at(-1)]),
      [[10_000_000_000, 'disk']],
    )
    assert.ok(counts.octetsOut < 10_000_000)
  } finally {
    rmSync(place, { recursive: true })
  }
})

test('offsets beyond four billion are told right where octets are read across them', async () => {
  const [size, mark] = [2 ** 32 + 1_000_001, text.encode(newMark())]
  const nothing = new Uint8Array(262_144)
  const source: ByteSource = {
    size,
    dataFrom: (at) => Math.max(at, 2 ** 32 - 1_000_001),
    async read(at, length) {
      const end = Math.min(size, at + length)
      if (end <= size - mark.length) return nothing.subarray(0, end - at)
      const all = new Uint8Array(length + 2 * mark.length)
      all.set(mark, size - at)
      return all.subarray(mark.length, mark.length + end - at)
    },
  }
  const { findings } = await walked(source)
  assert.deepEqual(
    findings.map(({ offset }) => offset),
    [size - mark.length],
  )
})

test('five thousand tiny members are all looked at, and none is kept', async () => {
  const count = 5_000
  const header = Buffer.alloc(512)
  header.write('name')
  header.write('0000644\0', 100)
  header.write('00000000010\0', 124)
  header.write('ustar\x0000', 257)
  header.fill(' ', 148, 156)
  header.write(
    `${header
      .reduce((sum, octet) => sum + octet, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  )
  const member = Buffer.concat([header, Buffer.alloc(512, 'x')])
  const piece = Buffer.concat(Array.from({ length: 300 }, () => member))
  const source: ByteSource = {
    size: count * member.length + 1_024,
    async read(at, length) {
      const rest = count * member.length + 1_024 - at
      if (rest <= 1_024) return new Uint8Array(Math.max(0, Math.min(length, rest)))
      const within = at % member.length
      const left = Math.min(length, count * member.length - at, piece.length - within)
      const bytes = new Uint8Array(left)
      bytes.set(piece.subarray(within, within + left))
      return bytes
    },
  }
  const { counts, notScanned } = await walked(source)
  assert.deepEqual([counts.leaves, notScanned], [count, []])
})

const whole = new Uint8Array(3_000).fill(7)
const small: readonly (readonly [string, Uint8Array])[] = [
  ['MCUboot', mcubootImage(whole)],
  ['UF2', uf2File(whole, 0)],
  ['ESP-IDF', espImage(whole)],
  ['a flash of ESP-IDF', espFlash(espImage(whole)).subarray(0, 70_000)],
  ["Android's sparse image", androidSparse(whole)],
  ["Android's boot image", androidBoot(whole, whole)],
  ['gzip', gzipSync(crypto.getRandomValues(new Uint8Array(1_000)))],
]

for (const [name, image] of small) {
  test(`${name} that is cut off anywhere is told or searched, and breaks nothing`, async () => {
    const step = Math.ceil(image.length / 97)
    for (let length = 1; length < image.length; length += step) {
      const result = await walked(image.subarray(0, length))
      assert.ok(!reasons(result).includes('scanner-ended'), `${length} octets`)
    }
  })
}

test('an encrypted image is told as such, not searched in silence', async () => {
  const result = await walked(mcubootImage(whole, 0x4))
  assert.deepEqual(reasons(result), ['encrypted'])
})

test('every mark that is looked for anywhere belongs to a form', async () => {
  const { carvedMarks } = await import('./marks.ts')
  const { firmwareForms } = await import('#format/firmware/forms.ts')
  const { unopenedForms } = await import('#format/firmware/unopened.ts')
  const known = [...archiveForms, ...firmwareForms, ...unopenedForms]
  const names = new Set(known.map(({ name }) => name))
  assert.deepEqual(
    carvedMarks.filter(({ form }) => !names.has(form)).map(({ form }) => form),
    [],
  )
})
