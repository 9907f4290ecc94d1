// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { packGzip } from '#edge/images/pack-gzip.ts'
import { archiveTools } from '#edge/images/tools.ts'
import { memorySource } from '#format/archive/byte-source.ts'
import { parseKeyFile } from '#format/firmware/bundle/key-file.ts'
import { fileToPack, octetsOf, piecesOf } from '../../../test/support/artefact-files.ts'
import { espApplication } from '../../../test/support/artefacts/esp-corruptions.ts'
import { signed, signerOf } from '../../../test/support/artefacts/signed.ts'
import { signingHouse } from '../../../test/support/signers.ts'
import { espForm } from './esp-secure-boot-v2/esp.ts'
import type { ArtefactSigner } from './form.ts'
import type { AnyForm } from './forms.ts'
import { mcubootForm } from './mcuboot/mcuboot.ts'
import { buildMender } from './mender/build.ts'
import { menderForm } from './mender/mender.ts'
import { buildRauc } from './rauc/build.ts'
import { raucForm } from './rauc/rauc.ts'
import { refuseOtherVersion } from './said-version.ts'
import { buildSwupdate } from './swupdate/build.ts'
import { swupdateForm } from './swupdate/swupdate.ts'

const house = await signingHouse()
const certified = await house.signer()
const bare = await signerOf('p-256')
const image = Uint8Array.from({ length: 5_000 }, (_, index) => index >> 3)

type Case = readonly [AnyForm, () => Promise<Uint8Array>, ArtefactSigner, string]

/** Each form whose files say a version, with a file of version 1.4.2. */
const cases: readonly Case[] = [
  [raucForm(archiveTools()), rauc, certified, '"1.4.2"'],
  [swupdateForm, swupdate, certified, '"1.4.2"'],
  [menderForm(archiveTools()), mender, { ...bare, chain: [] }, '"pump-1.4.2"'],
  [espForm, async () => espApplication(image), bare, '"1.4.2"'],
  [mcubootForm, mcuboot, bare, '"1.4.2+0"'],
]

async function rauc() {
  const groups = parseKeyFile(
    '[update]\ncompatible=Board\nversion=1.4.2\n[image.rootfs]\nfilename=a.ext4\n',
  )
  const made = await buildRauc({ groups, entries: [fileToPack('a.ext4', image)], modifiedAt: 0 })
  return made.kind === 'container' ? octetsOf(made.octets) : assert.fail(made.detail)
}

async function swupdate() {
  const description = 'software = { version = "1.4.2"; images: ( { filename = "a.img"; } ); }'
  const files = [{ name: 'a.img', content: memorySource(image) }]
  const made = await buildSwupdate({ description, files, securityVersion: 1 })
  return made.kind === 'container' ? piecesOf(made.pieces) : assert.fail(made.detail)
}

async function mender() {
  const made = await buildMender({
    ...{ artifactName: 'pump-1.4.2', deviceTypes: ['board'], payloadType: 'rootfs-image' },
    ...{ files: [{ name: 'a.ext4', content: memorySource(image) }], gzip: packGzip },
    securityVersion: 1,
  })
  return made.kind === 'container' ? octetsOf(made.octets) : assert.fail(made.detail)
}

function mcuboot() {
  return signed(mcubootForm, image, { version: '1.4.2', padHeader: true }, [bare])
}

for (const [form, make, signer, said] of cases)
  test(`a ${form.title} is signed as the version that it says, and as another only where that is chosen`, async () => {
    const source = memorySource(await make())
    for (const version of [undefined, '1.4.2', 'any'])
      assert.equal((await form.plan(source, { version }, [signer])).kind, 'plan')
    const other = await form.plan(source, { version: '1.5.0' }, [signer])
    assert.ok(other.kind === 'refused')
    assert.equal(other.reason, 'artefact-version-differs')
    assert.ok(other.detail.includes(said) && other.detail.includes('"1.5.0"'), other.detail)
  })

test('versions are the same that updaters take for the same, and names end in them', () => {
  const word = (...asked: Parameters<typeof refuseOtherVersion>) =>
    refuseOtherVersion(...asked)?.reason ?? 'same'
  for (const [said, wanted] of [
    ['v2.4.0', '2.4'],
    ['2.4.0+build7', '2.4.0'],
    ['night build', 'night build'],
    [undefined, '2.4.0'],
    ['2.4.0', undefined],
  ] as const)
    assert.equal(word(said, wanted), 'same', String(said))
  for (const [said, wanted] of [
    ['2.4.0-rc1', '2.4.0'],
    ['v2.4.0-3-g1234567', '2.4.0'],
    ['night build', '2.4.0'],
    ['2.4.0', 'night build'],
    ['pump-2.4.0', '2.4.0'],
  ] as const)
    assert.equal(word(said, wanted), 'artefact-version-differs', said)
  for (const name of ['pump-2.4.0', 'pump_v2.4.0', 'release 2.4', '2.4.0', 'pump-nightly-2.4.0'])
    assert.equal(word(name, '2.4.0', 'name'), 'same', name)
  for (const name of ['pump', 'pump-nightly', 'release-7', 'pump-20260501'])
    assert.equal(word(name, '2.4.0', 'name'), 'same', `${name} says none`)
  for (const name of ['pump-12.4.0', 'pump-2.4.0-rc1', 'pump-2.4.0-board'])
    assert.equal(word(name, '2.4.0', 'name'), 'artefact-version-differs', name)
})
