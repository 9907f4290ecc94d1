// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import * as zlib from 'node:zlib'
import type { Compression } from '#format/archive/archive.ts'
import { lookBack, memorySource } from '#format/archive/byte-source.ts'
import { concatBytes } from '#format/bytes.ts'
import { FormatError } from '#format/format-error.ts'
import { Random } from '../../../test/fuzz/random.ts'
import { archiveVector } from '../../../test/support/archive-vectors.ts'
import { sharedSource } from '../../../test/support/containers.ts'
import { archiveTools } from './tools.ts'

const tools = archiveTools()
const zeros = new Uint8Array(3_000_000)
const plain = (bytes: Uint8Array) => new Uint8Array(bytes)

/** Three million zeros, as each compression packs them, and what a real tool is for. */
const bombs: Partial<Record<Compression, Uint8Array>> = {
  gzip: plain(zlib.gzipSync(zeros)),
  zlib: plain(zlib.deflateSync(zeros)),
  deflate: plain(zlib.deflateRawSync(zeros)),
  zstd: plain(zlib.zstdCompressSync(zeros)),
  xz: piped('xz', '-c'),
  lzma: piped('xz', '-c', '--format=lzma'),
  lz4: piped('lz4', '-qc'),
}

function piped(program: string, ...words: string[]): Uint8Array {
  return plain(spawnSync(program, words, { input: zeros }).stdout ?? new Uint8Array())
}

const present = Object.entries(bombs).filter(([, bytes]) => bytes.length > 0) as [
  Compression,
  Uint8Array,
][]

const isA = (code: string) => (error: unknown) =>
  error instanceof FormatError && error.code === code

async function all(compression: Compression, bytes: Uint8Array, ended?: (taken: number) => void) {
  const stream = tools.open({
    ...{ kind: 'packed', compression, source: sharedSource(bytes), size: undefined },
    ...(ended === undefined ? {} : { ended }),
  })
  try {
    const pieces: Uint8Array[] = []
    for (let at = 0; ; ) {
      const piece = (await stream.read(at, 100_000)).slice()
      if (piece.length === 0) return concatBytes(pieces)
      pieces.push(piece)
      at += piece.length
    }
  } finally {
    stream.close()
  }
}

for (const [compression, bytes] of present) {
  test(`${compression}: a whole gives at most what was asked for`, async () => {
    assert.equal((await tools.unpack(compression, bytes, zeros.length)).length, zeros.length)
    await assert.rejects(tools.unpack(compression, bytes, zeros.length - 1), isA('too-large'))
    await assert.rejects(tools.unpack(compression, bytes, 4_096), isA('too-large'))
  })

  test(`${compression}: a stream gives all, says where it ended, and stops when it is not read`, async () => {
    let taken: number | undefined
    const trailing = concatBytes([bytes, new TextEncoder().encode('something else')])
    const content = await all(compression, trailing, (octets) => {
      taken = octets
    })
    assert.deepEqual(content, zeros)
    assert.equal(taken, bytes.length)

    let reads = 0
    const source = memorySource(bytes)
    const counted = {
      ...source,
      read(at: number, length: number) {
        reads++
        return source.read(at, length)
      },
    }
    const stream = tools.open({ kind: 'packed', compression, source: counted, size: undefined })
    assert.equal((await stream.read(0, 10)).length, 10)
    stream.close()
    stream.close()
    const before = reads
    assert.equal((await stream.read(zeros.length, 10)).length, 0)
    assert.equal(reads, before)
  })

  test(`${compression}: what is cut off is truncated, what is damaged is not allowed`, async () => {
    const cut = bytes.slice(0, Math.floor(bytes.length / 2))
    await assert.rejects(all(compression, cut), isA('truncated'))
    await assert.rejects(all(compression, new Uint8Array(100).fill(0x37)), FormatError)
  })
}

test('sums of gzip, xz, zstd and lz4 are checked: a bit of noise turned is found', async () => {
  for (const name of ['gzip', 'xz', 'zstd', 'lz4'] as const) {
    const bytes = archiveVector(name)
    const sum = bytes.length - { gzip: 8, xz: 12 + 8 + 8, zstd: 4, lz4: 4 }[name]
    bytes[sum]! ^= 1
    await assert.rejects(all(name, bytes), isA('value-not-allowed'), name)
  }
})

test('a small gzip is given whole, and what lies behind it or is wrong in it is not hidden', async () => {
  const page = plain(new TextEncoder().encode('a page of a manual\n'.repeat(100)))
  const packed = plain(zlib.gzipSync(page))
  const ends: number[] = []
  const unpacked = async (bytes: Uint8Array) => await all('gzip', bytes, (at) => ends.push(at))
  assert.deepEqual(await unpacked(packed), page)
  assert.deepEqual(await unpacked(concatBytes([packed, packed])), concatBytes([page, page]))
  // As much behind it as a sum and a size take, and the same as they say.
  for (const behind of [packed.slice(-8), new Uint8Array(8), new Uint8Array([1])])
    assert.deepEqual(await unpacked(concatBytes([packed, behind])), page)
  const length = packed.length
  assert.deepEqual(ends, [length, 2 * length, length, length, length])
  for (const octetFromEnd of [1, 4, 5, 8]) {
    const wrong = packed.slice()
    wrong[length - octetFromEnd]! ^= 1
    await assert.rejects(unpacked(wrong), isA('value-not-allowed'))
  }
})

test('a stream can be read again as far back as the contract says, and no further', async () => {
  const content = Uint8Array.from({ length: 1_000_000 }, (_, at) => (at * 31) >>> 5)
  const source = memorySource(plain(zlib.gzipSync(content)))
  const stream = tools.open({ kind: 'packed', compression: 'gzip', source, size: undefined })
  await stream.read(600_000, 1)
  assert.deepEqual(
    await stream.read(600_000 - lookBack, 100),
    content.subarray(600_000 - lookBack, 600_000 - lookBack + 100),
  )
  await assert.rejects(stream.read(0, 1), /are forgotten/)
  stream.close()
})

test('what comes before damage is given, and the damage where it is', async () => {
  const content = new Random(1).bytes(400_000)
  const bytes = plain(zlib.gzipSync(content))
  bytes.fill(0xff, 300_000, 300_100)
  const stream = tools.open({
    kind: 'packed',
    compression: 'gzip',
    source: memorySource(bytes),
    size: undefined,
  })
  assert.deepEqual(await stream.read(0, 65_536), content.subarray(0, 65_536))
  await assert.rejects(async () => {
    for (let at = 65_536; at <= 400_000; at += (await stream.read(at, 65_536)).length);
  }, FormatError)
  stream.close()
})

test('a dictionary over the bound is refused before memory is taken for it', async () => {
  const lzma = archiveVector('lzma')
  lzma.set([0, 0, 0, 0x40], 1)
  lzma.set(new Uint8Array(8).fill(0xff), 5)
  await assert.rejects(all('lzma', lzma), isA('too-large'))
})

test('a squashfs of xz in a tar.xz does not wait for itself', async () => {
  const inner = archiveVector('xz')
  const outer = tools.open({
    kind: 'packed',
    compression: 'xz',
    source: memorySource(inner),
    size: undefined,
  })
  await outer.read(0, 10)
  assert.ok((await tools.unpack('xz', inner, 10_000)).length > 0)
  outer.close()
})

test('LZ4 looks back over no beginning and gives no more than there is room for', async () => {
  await assert.rejects(
    tools.unpack('lz4-block', Uint8Array.of(0x10, 0x41, 2, 0, 0x00), 100),
    isA('value-not-allowed'),
  )
  await assert.rejects(
    tools.unpack('lz4-block', Uint8Array.of(0x10, 0x41, 0, 0, 0x00), 100),
    isA('value-not-allowed'),
  )
  // One literal, then 4 + 15 + 255 + 255 of it.
  await assert.rejects(
    tools.unpack('lz4-block', Uint8Array.of(0x1f, 0x41, 1, 0, 255, 255, 0, 0), 100),
    isA('too-large'),
  )
  await assert.rejects(
    tools.unpack('lz4-block', Uint8Array.of(0xf0, 255, 255), 100),
    isA('truncated'),
  )
})

/** Streams of nothing, and what has to follow them. Node passes over frames of zstd by itself, so these are skippable. */
const nothing: Partial<Record<Compression, readonly [Uint8Array, Uint8Array]>> = {
  gzip: [plain(zlib.gzipSync('')), new Uint8Array()],
  zstd: [Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0), plain(zlib.zstdCompressSync(''))],
  lz4: [Uint8Array.fromHex('04224d1860408200000000'), new Uint8Array()],
}
for (const [compression, [bytes, last]] of Object.entries(nothing))
  test(`${compression}: a few streams of nothing are nothing, and thousands are refused`, async () => {
    const unpacked = (count: number) =>
      all(
        compression as Compression,
        concatBytes([...Array.from({ length: count }, () => bytes), last]),
      )
    assert.equal((await unpacked(20)).length, 0)
    await assert.rejects(unpacked(2_000), isA('too-many'))
  })
