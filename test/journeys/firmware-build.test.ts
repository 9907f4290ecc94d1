// SPDX-License-Identifier: Apache-2.0
/** Bundles by the command line alone: built from files, signed, believed; and what is wrong is told before anything is written. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { encodePem } from '#format/pem.ts'
import { longLived, signingHouse } from '../support/signers.ts'

const place = mkdtempSync(join(tmpdir(), 'vitalsign-build-'))
after(() => rmSync(place, { recursive: true }))
const at = (name: string) => join(place, name)
const program = new URL('../../bin/vitalsign.ts', import.meta.url).pathname

function run(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly said: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [program, ...args],
      { cwd: place, encoding: 'utf8' },
      (error, out, err) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, said: `${out}${err}` }),
    )
  })
}

const house = await signingHouse('Test', longLived)
const signer = await house.signer()
writeFileSync(at('signer.key'), signer.privateKey.export({ format: 'pem', type: 'pkcs8' }))
writeFileSync(at('signer.pub'), encodePem('PUBLIC KEY', signer.publicKey.spki))
writeFileSync(at('root.pem'), encodePem('CERTIFICATE', house.rootCertificate.der))
writeFileSync(at('signer.pem'), signer.chain.map((der) => encodePem('CERTIFICATE', der)).join(''))
mkdirSync(at('content/more'), { recursive: true })
writeFileSync(
  at('content/rootfs.ext4'),
  Uint8Array.from({ length: 200_000 }, (_, index) => index >> 3),
)
writeFileSync(at('content/more/notes'), 'x')
writeFileSync(at('after.sh'), '#!/bin/sh\n', { mode: 0o755 })
writeFileSync(
  at('sw-description'),
  'software = { version = "1"; images: ( { filename = "rootfs.ext4"; } ); scripts: ( { filename = "after.sh"; } ); }',
)
writeFileSync(
  at('manifest.raucm'),
  '[update]\ncompatible=Pump 4\nversion=4.2.1\n[image.rootfs]\nfilename=rootfs.ext4\n',
)

const rows = [
  [
    'rauc',
    ['content', '--manifest', 'manifest.raucm'],
    ['--chain', 'signer.pem'],
    ['--roots', 'root.pem'],
  ],
  [
    'swupdate',
    ['content/rootfs.ext4', 'after.sh', '--description', 'sw-description'],
    ['--chain', 'signer.pem'],
    ['--roots', 'root.pem'],
  ],
  [
    'mender',
    ['content/rootfs.ext4', '--release', 'pump-4.2.1', '--device-type', 'pump-4'],
    [],
    ['--key', 'signer.pub'],
  ],
] as const

for (const [form, files, chain, anchors] of rows)
  test(`${form}: what is built twice is the same, is signed, and devices believe it up to their counter`, async () => {
    const build = (out: string) =>
      run('firmware', 'build', form, ...files, '--security-version', '7', '--out', out)
    const [first, second] = await Promise.all([build('one'), build('two')])
    assert.equal(first.code, 0, first.said)
    assert.match(first.said, /not signed/)
    assert.equal(second.code, 0)
    assert.deepEqual(readFileSync(at('one')), readFileSync(at('two')))
    const signed = await run(
      ...['firmware', 'sign', 'one', '--form', form, '--key', 'signer.key', ...chain],
      ...['--out', 'signed'],
    )
    assert.equal(signed.code, 0, signed.said)
    const verify = (counter: string) =>
      run('firmware', 'verify', 'signed', ...anchors, '--counter', counter)
    const [good, behind] = await Promise.all([verify('7'), verify('8')])
    assert.equal(good.code, 0, good.said)
    assert.equal(behind.code, 1)
    assert.match(behind.said, /artefact-version-lower/)
  })

test('what cannot be built is told, and nothing is left of it', async () => {
  symlinkSync('rootfs.ext4', at('content/link'))
  const out = ['--out', 'never'] as const
  const image = ['--compatible', 'x', '--image', 'rootfs=rootfs.ext4'] as const
  const cases = [
    [['mender', 'after.sh', '--image', 'a=b', ...out], 2, /--image is for rauc, not for mender/],
    [['rauc', 'after.sh', ...out], 2, /--compatible is missing/],
    [
      ['rauc', 'after.sh', '--compatible', 'x', '--image', 'rootfs', ...out],
      2,
      /rootfs=rootfs\.ext4/,
    ],
    [['rauc', 'content', ...image, ...out], 2, /link is neither a file nor a directory/],
    [['rauc', 'after.sh', ...image, ...out], 1, /names rootfs\.ext4 for slot rootfs/],
    [['swupdate', 'after.sh', '--description', 'sw-description', ...out], 1, /not among the files/],
    [['mender', 'nothing', '--release', 'x', ...out], 2, /nothing cannot be read/],
  ] as const
  const said = await Promise.all(cases.map(([args]) => run('firmware', 'build', ...args)))
  for (const [index, [args, code, words]] of cases.entries()) {
    assert.equal(said[index]?.code, code, `${args.join(' ')}: ${said[index]?.said}`)
    assert.match(said[index]?.said ?? '', words)
  }
  for (const name of ['never', 'never.part']) assert.ok(!existsSync(at(name)))
})
