// SPDX-License-Identifier: Apache-2.0
/**
 * How fast containers are read, each beside what bounds it, by turns in one process: `npm run bench -- --only archives`.
 *
 * The tree is programs and libraries as they lie on the machine; the images are made anew by
 * tar, mksquashfs and mke2fs, and removed.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateSync, inflateSync } from 'node:zlib'
import { archiveTools } from '#edge/images/tools.ts'
import type { ArchiveForm, Compression } from '#format/archive/archive.ts'
import { type ByteSource, memorySource } from '#format/archive/byte-source.ts'
import { ext } from '#format/archive/ext.ts'
import { squashfs } from '#format/archive/squashfs.ts'
import { tar } from '#format/archive/tar.ts'
import { median, type Row } from './tools/row.ts'

export interface ArchivesOptions {
  readonly rounds: number
  readonly megabytes: number
}

const pieceOctets = 262_144

/** Reads all content of all members, as a scan does, and throws it away. */
async function readAll(form: ArchiveForm, source: ByteSource): Promise<number> {
  const tools = archiveTools()
  let octets = 0
  for await (const member of form.members(source, tools)) {
    if (member.kind === 'unread' || member.content === undefined || 'kind' in member.content)
      continue
    const { content } = member
    for (let at = 0; ; ) {
      const bytes = await content.read(at, pieceOctets)
      if (bytes.length === 0) break
      at += bytes.length
      octets += bytes.length
    }
  }
  return octets
}

async function unpackAll(compression: Compression, source: ByteSource): Promise<number> {
  const stream = archiveTools().open({ kind: 'packed', compression, source, size: undefined })
  let at = 0
  for (;;) {
    const bytes = await stream.read(at, pieceOctets)
    if (bytes.length === 0) break
    at += bytes.length
  }
  stream.close()
  return at
}

/** Blocks of what squashfs would unpack, by the same zlib on one thread and nothing else. */
function blocksOf(bytes: Uint8Array, deflate: (block: Uint8Array) => Uint8Array): Uint8Array[] {
  const blocks: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += 131_072)
    blocks.push(deflate(bytes.subarray(at, at + 131_072)))
  return blocks
}

export async function benchArchives({ rounds, megabytes }: ArchivesOptions): Promise<Row[]> {
  const place = mkdtempSync(join(tmpdir(), 'vitalsign-bench-archives-'))
  try {
    return await measured(place, rounds, megabytes)
  } finally {
    rmSync(place, { recursive: true })
  }
}

async function measured(place: string, rounds: number, megabytes: number): Promise<Row[]> {
  const shell = (command: string) => {
    const { status, stderr } = spawnSync('/bin/sh', ['-ec', command], {
      cwd: place,
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(stderr)
  }
  // Whole files only, up to a size: tar is told to stop by the size of what it was given.
  shell(
    `mkdir tree; find /usr/lib/python3 /usr/share/perl /usr/lib/x86_64-linux-gnu -type f -size -8M -readable | sort | ` +
      `while read f; do s=$(stat -c %s "$f"); t=$((t + s)); [ $t -gt ${megabytes * 1_000_000} ] && break; cp --parents "$f" tree; done; ` +
      `tar -cf tar -C tree .; gzip -k tar; xz -k -T2 -6 tar; zstd -qk tar; lz4 -qc tar > tar.lz4; ` +
      `mksquashfs tree squashfs -b 131072 -no-xattrs -quiet -no-progress >/dev/null; ` +
      `truncate -s ${megabytes * 2 + 64}M ext4; /usr/sbin/mke2fs -q -F -t ext4 -d tree ext4`,
  )
  const file = (name: string) => new Uint8Array(readFileSync(join(place, name)))
  const whole = file('tar')
  const source = memorySource(whole)
  const blocks = blocksOf(whole, (block) => new Uint8Array(deflateSync(block, { level: 9 })))
  const images: Record<string, ByteSource> = {}
  for (const name of ['squashfs', 'ext4', 'tar.gz', 'tar.xz', 'tar.zst', 'tar.lz4'])
    images[name] = memorySource(file(name))

  const copied = new Uint8Array(pieceOctets)
  const measures: Record<string, () => number | Promise<number>> = {
    copy: () => {
      let at = 0
      for (; at < whole.length; at += pieceOctets)
        copied.set(whole.subarray(at, Math.min(whole.length, at + pieceOctets)))
      return whole.length
    },
    zlib: () =>
      blocks.reduce(
        (sum, block) => sum + inflateSync(block, { maxOutputLength: 131_072 }).length,
        0,
      ),
    tar: () => readAll(tar, source),
    squashfs: () => readAll(squashfs, images['squashfs']!),
    ext4: () => readAll(ext, images['ext4']!),
    gzip: () => unpackAll('gzip', images['tar.gz']!),
    zstd: () => unpackAll('zstd', images['tar.zst']!),
    lz4: () => unpackAll('lz4', images['tar.lz4']!),
    xz: () => unpackAll('xz', images['tar.xz']!),
    'xz itself': () => {
      spawnSync('xz', ['-dkc', join(place, 'tar.xz')], { stdio: ['ignore', 'ignore', 'inherit'] })
      return whole.length
    },
  }
  const rates: Record<string, number[]> = {}
  for (let round = 0; round <= rounds; round++)
    for (const [name, measure] of Object.entries(measures)) {
      const start = performance.now()
      const octets = await measure()
      // The first round warms up.
      const rate = octets / 1e3 / (performance.now() - start)
      if (round > 0) rates[name] = [...(rates[name] ?? []), rate]
    }
  const rate = (name: string) => median(rates[name] ?? [])
  const row = (name: string, limit: string, note: string, goal?: number): Row => ({
    ...{ name: `archives: ${name}`, value: rate(name), unit: 'MB/s', note },
    limit: { name: limit, value: rate(limit) },
    ...(goal === undefined ? {} : { goal }),
  })
  const files = `${Math.round(whole.length / 1e6)} MB, ${Math.round(statSync(join(place, 'squashfs')).size / 1e6)} MB as squashfs`
  return [
    row('tar', 'copy', `${files}; beside a copy of all octets in pieces of 256 KiB`),
    row('squashfs', 'zlib', 'gzip, 128 KiB; beside inflateSync of such blocks on one thread', 0.8),
    row('ext4', 'copy', 'by extents'),
    row('gzip', 'zlib', 'one stream, with its sum'),
    row('zstd', 'zlib', 'one stream'),
    row('lz4', 'copy', 'one stream, own decoder, with its sums'),
    row('xz', 'xz itself', 'one stream, own decoder on one thread'),
  ]
}

if (import.meta.main) console.table(await benchArchives({ rounds: 3, megabytes: 60 }))
