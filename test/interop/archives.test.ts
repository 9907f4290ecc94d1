// SPDX-License-Identifier: Apache-2.0
/** Containers by the tools that make real ones: every name, every octet, and nothing that is not there. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openFile } from '#edge/images/file-source.ts'
import { archiveForms } from '#format/archive/forms.ts'
import { Random, seedOfRun } from '../fuzz/random.ts'
import { addHardLinks, listAll, listTree, makeTree } from '../support/containers.ts'

const seed = seedOfRun()
const place = mkdtempSync(join(tmpdir(), 'vitalsign-archives-'))
after(() => rmSync(place, { recursive: true }))
const tree = join(place, 'tree')
mkdirSync(tree)
makeTree(tree, new Random(seed))
const expected = listTree(tree)
addHardLinks(tree)
const secondName = 'z-second-name'

interface Made {
  /** The program, and the package of Debian that has it. */
  readonly program: string
  readonly form: string
  readonly name: string
  /** Run by the shell in the tree; `$OUT` is where the image goes. */
  readonly command: string
  /** How the second name of a file looks: a link to it, the same content again, or it was not packed. */
  readonly second: 'link' | 'same' | 'absent'
}

const tars: Made[] = ['gnu', 'pax'].flatMap((format) =>
  ['', '-S'].map((sparse) => ({
    ...{
      program: '/usr/bin/tar',
      form: 'tar',
      name: `tar ${format} ${sparse}`,
      second: 'link' as const,
    },
    command: `tar --format=${format} ${sparse} --sort=name -cf $OUT .`,
  })),
)
const sparsePax: Made[] = ['0.0', '0.1', '1.0'].map((version) => ({
  ...{
    program: '/usr/bin/tar',
    form: 'tar',
    name: `tar pax, sparse ${version}`,
    second: 'link' as const,
  },
  command: `tar --format=pax --sparse-version=${version} -S --sort=name -cf $OUT .`,
}))
const squashed: Made[] = [
  ['gzip', '-b 131072'],
  ['gzip', '-b 4096 -no-fragments'],
  ['gzip', '-b 1M -always-use-fragments'],
  ['gzip', '-noI -noD -noF -noX'],
].map(([compressor, options]) => ({
  ...{ program: '/usr/bin/mksquashfs', form: 'squashfs', second: 'link' as const },
  name: `squashfs ${compressor} ${options}`,
  command: `mksquashfs . $OUT -comp ${compressor} ${options} -quiet -no-progress -noappend`,
}))

const made = [
  '-t ext4 -b 4096',
  '-t ext4 -b 1024 -O ^metadata_csum,^64bit',
  '-t ext4 -I 512 -O inline_data',
  '-t ext4 -b 1024 -g 1024 -O meta_bg,^resize_inode,64bit',
  '-t ext3 -b 4096',
  '-t ext2 -b 1024',
  '-t ext2 -b 4096 -r 0',
].map((options) => ({
  ...{
    program: '/usr/sbin/mkfs.ext4',
    form: 'ext',
    name: `mkfs ${options}`,
    second: 'link' as const,
  },
  command: `truncate -s 24M $OUT; mke2fs -q -F ${options} -d . $OUT`,
}))
const copied = ['newc', 'crc', 'odc', 'bin'].map((format) => ({
  ...{ program: '/usr/bin/cpio', form: 'cpio', name: `cpio ${format}`, second: 'absent' as const },
  command: `find . ! -name z-second-name | cpio --quiet -o -H ${format} > $OUT`,
}))

const all: readonly Made[] = [...tars, ...sparsePax, ...squashed, ...made, ...copied]
for (const { program, form, name, command, second } of all) {
  const missing =
    existsSync(program) || process.env['PEERS'] === 'required' ? false : `${program} is missing`
  test(`${name}: each name and octet is found (FUZZ_SEED=${seed})`, { skip: missing }, async () => {
    const out = join(place, 'image')
    const { status, stderr } = spawnSync('/bin/sh', ['-ec', command], {
      ...{ cwd: tree, encoding: 'utf8', env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', OUT: out } },
    })
    assert.equal(status, 0, stderr)
    const source = await openFile(out)
    try {
      const head = (await source.read(0, 65_536)).slice()
      const known = archiveForms.filter((one) => one.recognise(head.subarray(0, one.headOctets)))
      assert.deepEqual(
        known.map((one) => one.name),
        [form],
      )
      const found = await listAll(known[0]!, source)
      const linked = found[secondName]
      if (second === 'absent') assert.equal(linked, undefined)
      else if (second === 'same') assert.equal(linked, expected['text-513'])
      else assert.match(linked ?? '', /^link: (\.\/)?text-513$/)
      for (const own of [secondName, '', '.', 'lost+found']) delete found[own]
      assert.deepEqual(sorted(found), sorted(expected))
    } finally {
      await source.close()
      rmSync(out)
    }
  })
}

function sorted(record: Record<string, string>): [string, string][] {
  return Object.entries(record).sort(([left], [right]) => (left < right ? -1 : 1))
}
