// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memorySource } from '#format/archive/byte-source.ts'
import { parseRaucBundle, raucCrypt } from './rauc.ts'
import { parseSwDescription, swEntries } from './sw-description.ts'
import { swupdate } from './swupdate.ts'

const text = new TextEncoder()

test('sw-description is read in both of its syntaxes', () => {
  // After the examples of SWUpdate doc/source/sw-description.rst.
  const libconfig = `software =
{
  version = "0.1.0"; /* of the whole */
  hardware-compatibility: [ "1.0", "1.2" ];
  stable : { main: { images: (
    { filename = "rootfs.ext4.gz"; device = "/dev/mmcblk0p2"; compressed = "zlib"; sha256 = "aa" "bb"; },
    { filename = "key\\x2dstore"; encrypted = true; ivt = "00"; }
  ); }; };
  # files of their own
  files: ( { filename = "README"; path = "/README"; size = 0x10; count = 12L; } );
}`
  const json = JSON.stringify({
    software: {
      images: [
        { filename: 'rootfs.ext4.gz', compressed: 'zlib', sha256: 'aabb' },
        { filename: 'key-store', encrypted: 'aes-cbc' },
      ],
      files: [{ filename: 'README' }],
    },
  })
  for (const description of [libconfig, json])
    assert.deepEqual(
      swEntries(parseSwDescription(description)).map((entry) => Object.values(entry)),
      [
        ['rootfs.ext4.gz', false, 'zlib', 'aabb'],
        ['key-store', true, undefined, undefined],
        ['README', false, undefined, undefined],
      ],
    )
})

test('a string says in either syntax what SWUpdate reads in it, and nothing that readers differ in', () => {
  const nameIn = (description: string) =>
    swEntries(parseSwDescription(description)).map(({ filename }) => filename)
  assert.deepEqual(nameIn('{ "\\u0066ilename": "a\\u002eimg\\/" }'), ['a.img/'])
  assert.deepEqual(nameIn('filename = "a\\x2eimg";'), ['a.img'])
  for (const description of ['{ "a": "\\x2e" }', 'a = "\\u002e";', 'a = "\\q";', '{ "a": "\\q" }'])
    assert.throws(() => parseSwDescription(description), { code: 'text-malformed' }, description)
})

test('a sw-description that is wrong is refused with its place', () => {
  for (const [description, code, offset] of [
    ['a = ;', 'text-malformed', 4],
    ['a = 1; a = 2;', 'text-malformed', 8],
    ['a = { b = 1;', 'text-malformed', 12],
    ['a = "x', 'text-malformed', 4],
    ['a = one;', 'text-malformed', 7],
    ['@include "x"', 'text-malformed', 0],
    ['{ a = 1; } b', 'text-malformed', 11],
    [`a = ${'('.repeat(100)}`, 'too-deep', 69],
  ] as const)
    assert.throws(() => parseSwDescription(description), { code, offset }, description)
})

/** newc: a file behind the other. */
function cpioOf(files: Readonly<Record<string, string>>): Uint8Array {
  const parts = Object.entries({ ...files, 'TRAILER!!!': '' }).map(([name, content]) => {
    const hex = (value: number) => value.toString(16).padStart(8, '0')
    const numbers = [1, 0o100644, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length + 1, 0]
    const head = `070701${numbers.map(hex).join('')}${name}\0`
    const padded = (part: string) => part.padEnd(Math.ceil(part.length / 4) * 4, '\0')
    return padded(head) + padded(content)
  })
  return text.encode(parts.join(''))
}

test('what an update calls encrypted is told as such, and the rest of it read', async () => {
  const description =
    'software = { images: ( { filename = "a"; encrypted = true; }, { filename = "b"; } ); }'
  const bytes = cpioOf({ 'sw-description': description, a: 'secret', b: 'open' })
  assert.ok(swupdate.recognise(bytes.subarray(0, 256)))
  const tools = { unpack: () => assert.fail(), open: () => assert.fail() }
  const members = await Array.fromAsync(swupdate.members(memorySource(bytes), tools))
  assert.deepEqual(
    members.map((member) => [member.name, member.kind === 'unread' ? member.reason : member.type]),
    [
      ['sw-description', 'file'],
      ['a', 'encrypted'],
      ['b', 'file'],
    ],
  )
  assert.ok(!swupdate.recognise(cpioOf({ other: '' }).subarray(0, 256)))
})

test('a bundle of RAUC is known by its end alone', async () => {
  /** id-envelopedData in a ContentInfo that is long enough. */
  const enveloped = [42, 134, 72, 134, 247, 13, 1, 7, 3]
  const cms = Uint8Array.from([0x30, 0x81, 97, 6, 9, ...enveloped, ...new Uint8Array(86)])
  const bundle = (size: number, content: Uint8Array = cms) =>
    memorySource(
      Buffer.concat([new Uint8Array(8_192), content, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, size)]),
    )
  assert.equal((await parseRaucBundle(bundle(cms.length)))?.sealed, 'encrypted')
  assert.equal(await raucCrypt.recogniseEnd?.(bundle(cms.length)), true)
  for (const size of [0, 63, cms.length - 1, cms.length + 1])
    assert.equal(await parseRaucBundle(bundle(size)), undefined)
  const other = cms.slice()
  other[13] = 9
  assert.equal(await parseRaucBundle(bundle(cms.length, other)), undefined)
  const signed = cms.slice()
  signed[13] = 2
  await assert.rejects(parseRaucBundle(bundle(cms.length, signed)), { name: 'FormatError' })
})
