// SPDX-License-Identifier: Apache-2.0
/** What real tools made, form by form, and what all forms have in common. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { archiveVectors } from '../../../test/support/archive-vectors.ts'
import { listAll, sharedSource } from '../../../test/support/containers.ts'
import { archiveForms } from './forms.ts'

const numbers = Array.from({ length: 700 }, (_, index) => `${index + 1}\n`).join('')
const sha = (text: string) => `file: ${createHash('sha256').update(text).digest('hex')}`
const long = 'n'.repeat(120)

/** What the tree of the vectors holds; a form may lack some, and tells a second name in its own way. */
const tree: Record<string, RegExp | string> = {
  a: sha('a short text\n'),
  'dir/key': sha(numbers),
  link: 'link: dir/key',
  'dir/second': new RegExp(`^(link: (\\./)?a|${sha('a short text\n')})$`),
  [long]: sha('x'),
  sparse: sha(`${'\0'.repeat(40_000)}end`),
  dir: 'directory',
  content: sha(numbers),
}
const counts: Record<string, number> = {
  ...{ ar: 3, 'cpio-binary': 4, 'cpio-newc': 4, 'cpio-odc': 4, ext2: 7, ext4: 7 },
  ...{ 'squashfs-plain': 7, 'squashfs-gzip': 7, 'squashfs-xz': 7, 'squashfs-zstd': 7 },
  ...{ 'squashfs-lz4': 7, 'squashfs-lzma': 7, 'tar-ustar': 5, 'tar-gnu': 7, 'tar-pax': 7 },
  ...{ zip: 5, 'zip-streamed': 3, gzip: 1, lz4: 1, 'lz4-legacy': 1, lzma: 1, xz: 1, zstd: 1 },
}

for (const { name, form, bytes } of archiveVectors) {
  test(`${name}: is recognised as ${form.name} alone, and gives each name and octet`, async () => {
    const known = archiveForms.filter((one) => one.recognise(bytes.subarray(0, one.headOctets)))
    assert.deepEqual(
      known.map((one) => one.name),
      [form.name],
    )
    const found = await listAll(form, sharedSource(bytes))
    for (const own of ['', '.', 'lost+found']) delete found[own]
    // ar knows no directories.
    if (name === 'ar') {
      found['dir/key'] = found['key']!
      delete found['key']
    }
    assert.equal(Object.keys(found).length, counts[name], Object.keys(found).join())
    for (const [member, said] of Object.entries(found)) {
      const expected = tree[member]
      if (typeof expected === 'string') assert.equal(said, expected, member)
      else assert.match(said, expected ?? /^$/, member)
    }
  })

  test(`${name}: cut off anywhere, it is not taken for the whole`, async () => {
    const whole = await listAll(form, sharedSource(bytes))
    const step = Math.max(1, Math.floor(bytes.length / 40))
    for (let length = form.headOctets + 1; length < bytes.length - 512; length += step) {
      const cut = bytes.slice(0, length)
      // Free blocks at the end of a disk are no part of any file.
      if (bytes.subarray(length).every((octet) => octet === 0)) continue
      const told: string[] = []
      const found = await listAll(form, sharedSource(cut)).catch((error: Error) => {
        told.push(error.message)
        return {}
      })
      for (const [member, said] of Object.entries(found))
        if (said !== whole[member]) told.push(`${member}: ${said}`)
      assert.ok(told.length > 0, `${length} of ${bytes.length} octets, and nothing is said`)
    }
  })
}

test('no form recognises text, zeros, noise, a certificate or an empty file', () => {
  const others = [
    new Uint8Array(),
    new Uint8Array(65_536),
    new Uint8Array(65_536).fill(0xff),
    new TextEncoder().encode('-----BEGIN CERTIFICATE-----\n'.repeat(2_000)),
    Uint8Array.from({ length: 65_536 }, (_, at) => (at * 2_654_435_761) >>> 24),
  ]
  for (const head of others)
    for (const form of archiveForms)
      assert.equal(form.recognise(head.subarray(0, form.headOctets)), false, form.name)
})
