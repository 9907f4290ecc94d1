// SPDX-License-Identifier: Apache-2.0
/** Containers by the tools that make real ones: every name, every octet, and nothing that is not there. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { archiveForms } from '#format/archive/forms.ts'
import { Random, seedOfRun } from '../fuzz/random.ts'
import { addHardLinks, listAll, listTree, makeTree, sharedSource } from '../support/containers.ts'

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
  ['xz', '-b 131072'],
  ['xz', '-b 1M -Xbcj x86 -Xdict-size 100%'],
  ['zstd', '-b 131072'],
  ['zstd', '-b 1M -Xcompression-level 3'],
  ['lz4', '-b 131072'],
  ['lz4', '-Xhc -b 16384'],
  ['lzma', ''],
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
  command: `truncate -s 16M $OUT; mke2fs -q -F ${options} -d . $OUT`,
}))
const copied = ['newc', 'crc', 'odc', 'bin'].map((format) => ({
  ...{ program: '/usr/bin/cpio', form: 'cpio', name: `cpio ${format}`, second: 'absent' as const },
  command: `find . ! -name z-second-name | cpio --quiet -o -H ${format} > $OUT`,
}))

const zipped = ['-qry', '-qry0', '-qryfz'].map((options) => ({
  ...{ program: '/usr/bin/zip', form: 'zip', name: `zip ${options}`, second: 'same' as const },
  command: `zip ${options} - . > $OUT.zip; mv $OUT.zip $OUT`,
}))
const zippedToFile = {
  ...{ program: '/usr/bin/zip', form: 'zip', name: 'zip to a file', second: 'same' as const },
  command: 'zip -qry $OUT.zip .; mv $OUT.zip $OUT',
}
/** To a pipe, which cannot go back to the headers: sizes stand behind the contents. */
const pipedZip = `
import os, sys, zipfile
with zipfile.ZipFile(sys.stdout.buffer, 'w', zipfile.ZIP_DEFLATED) as out:
  for path, names, files in os.walk('.'):
    for name in names + files:
      here = os.path.join(path, name)
      if os.path.islink(here):
        entry = zipfile.ZipInfo(here)
        entry.external_attr = 0o120777 << 16
        out.writestr(entry, os.readlink(here))
      else:
        out.write(here)
`
const zippedToPipe = {
  ...{ program: '/usr/bin/python3', form: 'zip', name: 'zip of Python to a pipe' },
  ...{ second: 'same' as const, command: `/usr/bin/python3 -c "$SCRIPT" | cat > $OUT` },
}

const all: readonly Made[] = [
  ...[...tars, ...sparsePax, ...squashed, ...made, ...copied, ...zipped],
  ...[zippedToFile, zippedToPipe],
]
for (const { program, form, name, command, second } of all) {
  const missing = missingOf(program)
  test(`${name}: each name and octet is found (FUZZ_SEED=${seed})`, { skip: missing }, async () => {
    const out = join(place, 'image')
    run(command, out)
    try {
      const source = sharedSource(readFileSync(out))
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
      rmSync(out)
    }
  })
}

/** Code of this machine, for the filters of branches have nothing to do elsewhere; then a tree's largest file. */
const code = `head -c 150000 /usr/bin/openssl; head -c 70000 ${join(tree, 'over-a-million')}`
/** Over a window of LZMA, so that it has to move. */
const numbers = 'seq 1 120000'

interface Squeezed {
  readonly program: string
  readonly form: string
  /** From standard input to standard output. */
  readonly command: string
  /** A command that gives what is packed; absent: `code`. */
  readonly input?: string
}

const squeezed: readonly Squeezed[] = [
  { program: '/usr/bin/gzip', form: 'gzip', command: 'gzip -c' },
  { program: '/usr/bin/gzip', form: 'gzip', command: 'gzip -1 -c' },
  { program: '/usr/bin/xz', form: 'xz', command: 'xz -c' },
  { program: '/usr/bin/xz', form: 'xz', command: 'xz -c -9e --check=crc32' },
  { program: '/usr/bin/xz', form: 'xz', command: 'xz -c -0 --check=none --block-size=100000 -T2' },
  {
    ...{ program: '/usr/bin/xz', form: 'xz', input: numbers },
    command: 'xz -c --check=sha256 --lzma2=preset=0,dict=4KiB,lc=0,lp=4,pb=0',
  },
  { program: '/usr/bin/xz', form: 'xz', command: 'xz -c --delta=dist=4 --lzma2' },
  ...['x86', 'arm', 'armthumb', 'arm64', 'powerpc', 'sparc', 'x86=start=4096'].map((filter) => ({
    ...{ program: '/usr/bin/xz', form: 'xz', command: `xz -c --${filter} --lzma2` },
  })),
  { program: '/usr/bin/xz', form: 'lzma', command: 'xz -c --format=lzma' },
  {
    ...{ program: '/usr/bin/xz', form: 'lzma', input: numbers },
    command: 'xz -c --format=lzma --lzma1=preset=0,lc=1,lp=2,pb=2',
  },
  { program: '/usr/bin/zstd', form: 'zstd', command: 'zstd -q -c' },
  { program: '/usr/bin/zstd', form: 'zstd', command: 'zstd -q -c -19 --no-check' },
  { program: '/usr/bin/zstd', form: 'zstd', command: 'zstd -q -c --long=26' },
  { program: '/usr/bin/lz4', form: 'lz4', command: 'lz4 -q -c' },
  { program: '/usr/bin/lz4', form: 'lz4', command: 'lz4 -q -c -9 -B4 -BX' },
  {
    ...{ program: '/usr/bin/lz4', form: 'lz4', input: numbers },
    command: 'lz4 -q -c -BD --no-frame-crc',
  },
  { program: '/usr/bin/lz4', form: 'lz4', command: 'lz4 -q -c -l', input: 'seq 1 1300000' },
]

for (const { program, form, command, input = code } of squeezed) {
  const missing = missingOf(program)
  test(`${command}: twice behind each other is one content, and what follows is found`, {
    skip: missing,
  }, async () => {
    const out = join(place, 'stream')
    // LZMA alone cannot be put behind another.
    const twice = form === 'lzma' ? '' : `; printf more | ${command}`
    run(`{ { ${input}; } | ${command}${twice}; } > $OUT`, out)
    appendFileSync(out, 'and what follows')
    try {
      const source = sharedSource(readFileSync(out))
      const head = (await source.read(0, 65_536)).slice()
      const known = archiveForms.filter((one) => one.recognise(head.subarray(0, one.headOctets)))
      assert.deepEqual(
        known.map((one) => one.name),
        [form],
      )
      const { content, ...rest } = await listAll(known[0]!, source)
      const whole = [outputOf(input), Buffer.from(twice === '' ? '' : 'more')]
      assert.equal(content, `file: ${sha256(Buffer.concat(whole))}`)
      assert.deepEqual(Object.values(rest), [`file: ${sha256(Buffer.from('and what follows'))}`])
    } finally {
      rmSync(out)
    }
  })
}

const outputs = new Map<string, Buffer>()

/** Of one command for all that pack it. */
function outputOf(command: string): Buffer {
  const known = outputs.get(command)
  if (known !== undefined) return known
  const output = execFileSync('/bin/sh', ['-ec', command], { maxBuffer: 1e8 })
  outputs.set(command, output)
  return output
}

function missingOf(program: string): string | false {
  return existsSync(program) || process.env['PEERS'] === 'required'
    ? false
    : `${program} is missing`
}

function run(command: string, out: string): void {
  const { status, stderr } = spawnSync('/bin/sh', ['-ec', command], {
    ...{
      cwd: tree,
      encoding: 'utf8',
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', OUT: out, SCRIPT: pipedZip },
    },
  })
  assert.equal(status, 0, stderr)
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function sorted(record: Record<string, string>): [string, string][] {
  return Object.entries(record).sort(([left], [right]) => (left < right ? -1 : 1))
}
