// SPDX-License-Identifier: Apache-2.0
/** Images of MCUboot before a reader in another language, and keys.c before a compiler. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { encodeMcubootKeys } from '#trust/artefact/mcuboot/keys-c.ts'
import { mcubootKeyOctets } from '#trust/artefact/mcuboot/kinds.ts'
import { mcubootForm } from '#trust/artefact/mcuboot/mcuboot.ts'
import { absent } from '../support/absent.ts'
import { judgeInPython, python } from '../support/artefacts/judge-in-python.ts'
import { mcubootCorruptions } from '../support/artefacts/mcuboot-corruptions.ts'
import { judged, signed, signerOf, trustIn } from '../support/artefacts/signed.ts'
import { temporaryDirectory } from '../support/house.ts'

const reader = 'mcuboot-reader.py'
const skip = absent(python)
const signers = [
  await signerOf('p-256'),
  await signerOf('p-384'),
  await signerOf('ed25519'),
  await signerOf('rsa-3072', 'rsa-pss-sha256'),
]
const payload = new Uint8Array(5_000).map((_, index) => index % 251)
const raw = { version: '3.1.4+15', padHeader: true, headerSize: 512, securityCounter: 'auto' }

test('a reader in Python takes what we sign, by every key and with every choice', {
  skip,
}, async () => {
  const slot = { pad: true, slotSize: 32_768, align: 4, maxSectors: 16 }
  const choices = [
    raw,
    { ...raw, fullKey: true, dependency: ['1:2.0.0'], value: ['0x00a0:beef'] },
    { ...raw, ...slot },
    { ...raw, ...slot, align: 32, confirm: true },
    { version: '3.1.4+15', padHeader: true },
  ]
  const images = await Promise.all(
    choices.flatMap((one) => signers.map((signer) => signed(mcubootForm, payload, one, [signer]))),
  )
  const wide = await signed(mcubootForm, payload, { ...raw, digest: 'sha512' }, [signers[2]!])
  const answers = judgeInPython(reader, signers, [...images, wide])
  const counter = (3 << 24) + (1 << 16) + 4
  for (const [index, answer] of answers.entries()) {
    const last = index >= 16 && index < 20
    assert.equal(answer, `genuine 3.1.4+15 ${last ? 'none' : counter}`, `image ${index}`)
  }
})

test('it refuses each corruption as we do, by the same name', { skip }, async () => {
  for (const signer of signers.slice(0, 3)) {
    const good = await signed(mcubootForm, payload, raw, [signer])
    const images = mcubootCorruptions.map(({ change }) => change(good))
    const theirs = judgeInPython(reader, [signer], images)
    const ours = await Promise.all(images.map((one) => judged(mcubootForm, one, trustIn([signer]))))
    for (const [index, { name, refusal }] of mcubootCorruptions.entries())
      assert.deepEqual([name, theirs[index], ours[index]], [name, refusal, refusal])
  }
})

test('a signature is passed over whose key is not known, by both', { skip }, async () => {
  const [p256] = signers
  const other = await signerOf('p-256')
  const both = await signed(mcubootForm, payload, raw, [other, p256!])
  assert.match(judgeInPython(reader, [p256!], [both])[0]!, /^genuine/)
  assert.equal(
    judgeInPython(reader, [await signerOf('p-256')], [both])[0],
    'artefact-signer-unknown',
  )
})

test('keys.c compiles, and holds the keys octet by octet', {
  skip: absent('/usr/bin/gcc'),
}, async () => {
  const place = temporaryDirectory()
  mkdirSync(join(place, 'bootutil'))
  writeFileSync(
    join(place, 'bootutil/sign_key.h'),
    'struct bootutil_key { const unsigned char *key; const unsigned int *len; };\n',
  )
  for (const known of [
    signers.slice(0, 1),
    signers.slice(3),
    [signers[0]!, await signerOf('p-256')],
  ]) {
    const keys = known.map(({ publicKey }) => publicKey)
    writeFileSync(join(place, 'keys.c'), encodeMcubootKeys(keys))
    writeFileSync(
      join(place, 'show.c'),
      [
        ...['#include <stdio.h>', '#include "keys.c"', 'int main(void) {'],
        '  for (int i = 0; i < bootutil_key_cnt; i++)',
        '    fwrite(bootutil_keys[i].key, 1, *bootutil_keys[i].len, stdout);',
        ...['  return 0;', '}', ''],
      ].join('\n'),
    )
    const strict = ['-std=c99', '-Wall', '-Wextra', '-Werror', '-I', place]
    const built = spawnSync(
      '/usr/bin/gcc',
      [...strict, '-o', join(place, 'show'), join(place, 'show.c')],
      {
        encoding: 'utf8',
      },
    )
    assert.equal(built.status, 0, built.stderr)
    const shown = spawnSync(join(place, 'show')).stdout
    assert.deepEqual(shown, Buffer.concat(keys.map(mcubootKeyOctets)))
  }
  assert.throws(() => encodeMcubootKeys([signers[0]!.publicKey, signers[3]!.publicKey]), TypeError)
  assert.ok(readFileSync(join(place, 'keys.c'), 'utf8').includes('bootutil_key_cnt = 2;'))
})
