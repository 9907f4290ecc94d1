// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeKeyFile, parseKeyFile } from './key-file.ts'
import { encodeSignedManifest, parseRaucManifest, withValues } from './rauc-manifest.ts'

const digest = 'ab'.repeat(32)
// After the example of RAUC docs/reference.rst "Manifest".
const text = `[update]
compatible=FooCorp Super BarBazzer
version=2016.08-1

[bundle]
format=verity

# the root file system
[image.rootfs]
filename = rootfs.ext4
size=419430400
sha256=${digest}
hooks=install;post-install

[meta.vitalsign]
security-version=7
`

test('a manifest is read with its images, and written as it was but for blanks', () => {
  const manifest = parseRaucManifest(text)
  assert.deepEqual(
    [manifest.compatible, manifest.version, manifest.format, manifest.securityVersion],
    ['FooCorp Super BarBazzer', '2016.08-1', 'verity', 7],
  )
  assert.deepEqual(manifest.images, [
    {
      slot: 'rootfs',
      filename: 'rootfs.ext4',
      sha256: Uint8Array.fromHex(digest),
      size: 419_430_400,
    },
  ])
  assert.equal(manifest.verity, undefined)
  assert.deepEqual(parseKeyFile(encodeKeyFile(manifest.groups)), manifest.groups)
})

test('what is signed is the manifest with its hash tree', () => {
  const verity = { hash: new Uint8Array(32).fill(1), salt: new Uint8Array(32).fill(2), size: 4_096 }
  const signed = new TextDecoder().decode(encodeSignedManifest(parseRaucManifest(text), verity))
  const read = parseRaucManifest(signed)
  assert.deepEqual(read.verity, verity)
  assert.match(signed, /\[bundle\]\nformat=verity\nverity-hash=0101/)
})

test('values of a group are added, and the group if it is not there', () => {
  const groups = withValues(parseKeyFile('[a]\nx=1\n'), 'b', { y: '2' })
  assert.equal(encodeKeyFile(withValues(groups, 'a', { x: '3' })), '[a]\nx=3\n\n[b]\ny=2\n')
})

test('a key file that could be read in two ways is refused with its place', () => {
  for (const [wrong, offset] of [
    ['[a]\nx=1\nx=2\n', 8],
    ['[a]\n[b]\n[a]\n', 8],
    ['x=1\n', 0],
    ['[a]\nx[de]=1\n', 4],
    ['[a]\nnothing\n', 4],
    ['[a\n', 0],
    ['[a]\nx=\u0000\n', 4],
  ] as const)
    assert.throws(() => parseKeyFile(wrong), { code: 'text-malformed', offset }, wrong)
  assert.throws(() => parseKeyFile('\n'.repeat(20_000)), { code: 'too-many' })
  const many = Array.from({ length: 2_049 }, (_, index) => `[${index}]`).join('\n')
  assert.throws(() => parseKeyFile(many), { code: 'too-many' })
  assert.throws(() => parseKeyFile(' '.repeat(1_048_577)), { code: 'too-large' })
})

test('a manifest that says what cannot be is refused', () => {
  for (const [bad, code] of [
    [text.replace(/compatible=.*\n/, ''), 'element-missing'],
    [text.replace('format=verity', 'format=other'), 'value-not-allowed'],
    [text.replace('rootfs.ext4', '../rootfs.ext4'), 'value-not-allowed'],
    [text.replace('rootfs.ext4', '..'), 'value-not-allowed'],
    [text.replace('filename = rootfs.ext4', ''), 'value-not-allowed'],
    [text.replace(digest, digest.slice(2)), 'value-not-allowed'],
    [text.replace('419430400', '-1'), 'value-not-allowed'],
    [text.replace('419430400', '99999999999999999'), 'value-not-allowed'],
    [text.replace('format=verity', 'format=verity\nverity-size=4096'), 'element-missing'],
    [`${text}${Array.from({ length: 1_025 }, (_, n) => `[image.${n}]\n`).join('')}`, 'too-many'],
  ] as const)
    assert.throws(() => parseRaucManifest(bad), { code }, bad)
})
