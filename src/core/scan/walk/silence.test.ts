// SPDX-License-Identifier: Apache-2.0
/** Where something can hide in a container, it is searched or named: nothing is passed by in silence. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { archiveTools } from '#edge/images/tools.ts'
import { TemporarySpool } from '#house/scan/temporary-spool.ts'
import { archiveVector } from '../../../../test/support/archive-vectors.ts'
import { newMark, walked } from '../../../../test/support/scan/walked.ts'
import { paxRecord, tarEnd, tarEntry } from '../../../../test/support/tar-writer.ts'

const place = mkdtempSync(join(tmpdir(), 'vitalsign-silence-'))
after(() => rmSync(place, { recursive: true }))
const mark = newMark()
const filled = (octets: number) => Buffer.alloc(octets, 'x')
/** What was found, and why what was not searched was not. */
async function told(image: Uint8Array) {
  const { marks, notScanned } = await walked(image)
  return { marks, reasons: [...new Set(notScanned.map(({ reason }) => reason))] }
}

test('what only begins as a packed form does is named as damaged, and searched as it lies', async () => {
  const squashfs = Buffer.concat([Buffer.from('hsqs'), filled(500), Buffer.from(mark)])
  assert.deepEqual(await told(squashfs), { marks: [`: ${mark}`], reasons: ['damaged'] })
  const packed = Buffer.concat([Buffer.from('hsqs'), filled(500), gzipSync(mark), filled(9)])
  assert.deepEqual((await told(packed)).marks, [`gzip at 504 > content: ${mark}`])
  for (const wrap of [(image: Uint8Array) => image, gzipSync]) {
    const hex = wrap(Buffer.from(`:00000001FF\n:00000001FF\n${mark}`))
    const { marks, reasons } = await told(hex)
    assert.deepEqual([marks.length, reasons], [1, ['damaged']])
  }
})

test('the marks among the constants of a program are no archives, and their true twins are', async () => {
  const octets = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex')
  // git 2.39, Python 3.11 and udevadm 252 of Debian 12.
  const templates = octets(
    '504b0304 01001000 504b0506 00000000 504b0606 2c000000 2d000000 00000000',
  )
  const reader = Buffer.concat([octets('504b0304'), Buffer.alloc(60)])
  const superblock = Buffer.concat([
    Buffer.alloc(1024),
    octets('1020f5f2'),
    Buffer.alloc(400, 0x41),
  ])
  for (const constants of [templates, reader, superblock]) {
    const program = Buffer.concat([filled(64), constants, filled(2048), Buffer.from(mark)])
    assert.deepEqual((await told(program)).reasons, [])
  }
  // Major 1, minor 16, sectors of 2^9, eight of them a block of 2^12.
  superblock.set(octets('01001000 09000000 03000000 0c000000'), 1028)
  assert.deepEqual((await told(superblock)).reasons, ['not-unpacked'])
})

test('what lies behind a sparse file in a tar is searched: its holes are not in the archive', async () => {
  const records = ['major=1', 'minor=0', 'realsize=100000', 'name=sparse']
    .map((record) => paxRecord(`GNU.sparse.${record.split('=')[0]}`, record.split('=')[1]!))
    .join('')
  const map = Buffer.concat([Buffer.from('1\n99000\n5\n'.padEnd(512, '\0')), Buffer.from('piece')])
  const next = tarEntry({ name: 'next', content: 'short' })
  const padded = Buffer.from(next)
  padded.write(mark, 700)
  const image = Buffer.concat([
    ...[tarEntry({ type: 'x', content: records }), tarEntry({ content: map }), padded, tarEnd],
  ])
  assert.deepEqual(await told(image), { marks: [`: ${mark}`], reasons: [] })
})

const mkfs = '/usr/sbin/mkfs.ext4'
test('free blocks of a file system are searched, whatever size its sparse files have', {
  skip: existsSync(mkfs) ? false : `${mkfs} is missing`,
}, async () => {
  mkdirSync(join(place, 'tree'))
  execFileSync('/bin/sh', ['-c', 'truncate -s 100M tree/holes; printf end >> tree/holes'], {
    cwd: place,
  })
  execFileSync(mkfs, ['-q', '-F', '-d', 'tree', 'image', '4M'], { cwd: place })
  const image = readFileSync(join(place, 'image'))
  image.write(mark, image.length - 4_096)
  assert.deepEqual(await told(image), { marks: [`: ${mark}`], reasons: [] })
})

const interpreter = '/usr/bin/python3'
test('a member that was taken out of the directory of a zip is found, packed as it is', {
  skip: existsSync(interpreter) ? false : `${interpreter} is missing`,
}, async () => {
  const python = `
import zipfile, sys
with zipfile.ZipFile('image.zip', 'w', zipfile.ZIP_DEFLATED) as out:
  out.writestr('first', 'x' * 100)
  out.writestr('gone', '${mark}' + ' ' * 1000)
  out.writestr('last', 'y' * 100)
  del out.NameToInfo['gone']
  out.filelist = [one for one in out.filelist if one.filename != 'gone']
`
  execFileSync(interpreter, ['-c', python], { cwd: place })
  const image = readFileSync(join(place, 'image.zip'))
  assert.deepEqual(await told(image), { marks: [`gone: ${mark}`], reasons: [] })
  const first = Buffer.from(image.toString('latin1').replaceAll('gone', 'here'), 'latin1')
  assert.deepEqual((await told(first)).marks, [`here: ${mark}`])
})

test('what lies between the file system of a bundle of RAUC and its signature is searched', async () => {
  const squashfs = Buffer.from(archiveVector('squashfs-gzip'))
  const hidden = Buffer.alloc(4_096)
  hidden.write(mark, 100)
  /** A ContentInfo of id-envelopedData: where the bundle's own part ends. */
  const oid = [6, 9, 42, 134, 72, 134, 247, 13, 1, 7, 3]
  const cms = Uint8Array.from([0x30, 0x81, 97, ...oid, ...new Uint8Array(86)])
  const size = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, cms.length)
  const padding = Buffer.alloc(-squashfs.length & 4_095)
  const { marks } = await told(Buffer.concat([squashfs, padding, hidden, cms, size]))
  assert.deepEqual(
    marks.map((one) => one.replace(/\d+:/, 'N:')),
    [`after-N: ${mark}`],
  )
})

/**
 * The first octets of images by mtd-utils 2.1.5 of Debian 12, and of squashfs 3.0 and lzop as their headers are described;
 * and an octet which, when it is another, makes it something else.
 */
const flashImages = {
  'mkfs.jffs2 -l': ['851903200c000000b1b01ee4', 8],
  'mkfs.jffs2 -b': ['198520030000000cf060dc98', 8],
  'mkfs.jffs2 -n -l': ['851901e0290000006da62fd7', 8],
  'mkfs.jffs2 -n -b': ['1985e00100000029d04c450b', 8],
  'mkfs.ubifs': ['3118100636a919b20a0000000000000000100000060000000000000000000000', 20],
  ubinize: [`5542492301${'00'.repeat(13)}0800000010005d1d0be2${'00'.repeat(32)}2f975c04`, 60],
  'mksquashfs 3.0, big-endian': [`73717368${'00'.repeat(24)}00030000`, 29],
  ...Object.fromEntries(
    ['shsq', 'qshs', 'tqsh', 'hsqt'].map((mark) => [
      `squashfs of a vendor, ${mark}`,
      [`${Buffer.from(mark).toString('hex')}${'00'.repeat(24)}03000000`, 28] as const,
    ]),
  ),
  lzop: ['894c5a4f000d0a1a0a1040', 8],
} as const

for (const [made, [hex, telling]] of Object.entries(flashImages))
  test(`what is not unpacked is named at the beginning and behind something else: ${made}`, async () => {
    const image = Buffer.concat([Buffer.from(hex, 'hex'), filled(5_000), Buffer.from(mark)])
    for (const before of [0, 15, 512, 262_143]) {
      const { marks, reasons } = await told(Buffer.concat([filled(before), image]))
      assert.deepEqual([marks.length, reasons.length], [1, 1], `behind ${before}`)
    }
    const other = Uint8Array.from(image)
    other[telling]! ^= 0x40
    assert.deepEqual((await told(Buffer.concat([filled(64), other]))).reasons, [])
  })

test('packed forms that are not unpacked are named wherever they begin', async () => {
  const bzip2 = Buffer.from('BZh91AY&SY and so on')
  const before = Buffer.from('#!/bin/sh\ntail -c+20 "$0" | bunzip2 | sh\n')
  assert.deepEqual((await told(Buffer.concat([before, bzip2]))).reasons, ['not-unpacked'])
  const legacy = Buffer.from(archiveVector('lz4-legacy'))
  const { counts } = await walked(Buffer.concat([before, legacy]))
  assert.equal(counts.containers, 1)
})

test('temporary files are given back when a budget ends the look at a file', async () => {
  let open = 0
  class Counted extends TemporarySpool {
    constructor() {
      super()
      open++
    }
    override async close() {
      open--
      await super.close()
    }
  }
  const image = gzipSync(Buffer.concat([archiveVector('ext4'), filled(200_000)]))
  const tools = { ...archiveTools(), spool: () => new Counted() }
  const { notScanned } = await walked(image, { octets: 150_000 }, { tools })
  assert.deepEqual([notScanned.map(({ reason }) => reason), open], [['too-many-octets'], 0])
})

test('a sealed description of an update is named, since nothing else says what is sealed', async () => {
  const member = (name: string, content: Uint8Array) => {
    const hex = (value: number) => value.toString(16).padStart(8, '0')
    const numbers = [1, 0o100644, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length + 1, 0]
    const head = `070701${numbers.map(hex).join('')}${name}\0`
    const padded = head.padEnd(Math.ceil(head.length / 4) * 4, '\0')
    return [Buffer.from(padded), content, Buffer.alloc(-content.length & 3)]
  }
  const image = Buffer.concat([
    ...member('sw-description', crypto.getRandomValues(new Uint8Array(300))),
    ...[...member('rootfs', filled(40)), ...member('TRAILER!!!', new Uint8Array(0))],
  ])
  assert.deepEqual((await told(image)).reasons, ['encrypted'])
})
