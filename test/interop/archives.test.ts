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
const second = 'z-second-name'

interface Made {
  /** The program, and the package of Debian that has it. */
  readonly program: string
  readonly form: string
  readonly name: string
  /** Run by the shell in the tree; `$OUT` is where the image goes. */
  readonly command: string
  /** Whether it knows that two names are one file, and tells it. */
  readonly links: boolean
}

const tars: Made[] = ['gnu', 'pax'].flatMap((format) =>
  ['', '-S'].map((sparse) => ({
    ...{ program: '/usr/bin/tar', form: 'tar', name: `tar ${format} ${sparse}`, links: true },
    command: `tar --format=${format} ${sparse} --sort=name -cf $OUT .`,
  })),
)
const sparsePax: Made[] = ['0.0', '0.1', '1.0'].map((version) => ({
  ...{ program: '/usr/bin/tar', form: 'tar', name: `tar pax, sparse ${version}`, links: true },
  command: `tar --format=pax --sparse-version=${version} -S --sort=name -cf $OUT .`,
}))
const squashed: Made[] = [
  ['gzip', '-b 131072'],
  ['gzip', '-b 4096 -no-fragments'],
  ['gzip', '-b 1M -always-use-fragments'],
  ['gzip', '-noI -noD -noF -noX'],
].map(([compressor, options]) => ({
  ...{ program: '/usr/bin/mksquashfs', form: 'squashfs', links: true },
  name: `squashfs ${compressor} ${options}`,
  command: `mksquashfs . $OUT -comp ${compressor} ${options} -quiet -no-progress -noappend`,
}))

for (const { program, form, name, command, links } of [...tars, ...sparsePax, ...squashed]) {
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
      const linked = found[second]
      assert.equal(linked, links ? linkIn(found) : expected['text-513'])
      delete found[second]
      delete found['']
      delete found['.']
      assert.deepEqual(sorted(found), sorted(expected))
    } finally {
      await source.close()
      rmSync(out)
    }
  })
}

/** As the container writes the first name. */
function linkIn(found: Record<string, string>): string {
  return found[second]?.startsWith('link: ./') ? 'link: ./text-513' : 'link: text-513'
}

function sorted(record: Record<string, string>): [string, string][] {
  return Object.entries(record).sort(([left], [right]) => (left < right ? -1 : 1))
}
