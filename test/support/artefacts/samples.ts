// SPDX-License-Identifier: Apache-2.0
/** One genuine artefact of each form, with a device that believes it. */
import assert from 'node:assert/strict'
import { packGzip } from '#edge/images/pack-gzip.ts'
import { memorySource } from '#format/archive/byte-source.ts'
import { parseKeyFile } from '#format/firmware/bundle/key-file.ts'
import { espForm } from '#trust/artefact/esp-secure-boot-v2/esp.ts'
import type { ArtefactFormName } from '#trust/artefact/form-names.ts'
import type { ArtefactForms } from '#trust/artefact/forms.ts'
import { mcubootForm } from '#trust/artefact/mcuboot/mcuboot.ts'
import { buildMender } from '#trust/artefact/mender/build.ts'
import { buildRauc } from '#trust/artefact/rauc/build.ts'
import { buildSwupdate } from '#trust/artefact/swupdate/build.ts'
import { fitForm } from '#trust/artefact/uboot-fit/fit.ts'
import type { DeviceTrust } from '#trust/artefact/verdict.ts'
import { madeNow } from '../../made-certificates.ts'
import { fileToPack, octetsOf, piecesOf, signedBy } from '../artefact-files.ts'
import { outerHouse } from '../outer-manifests.ts'
import { signingHouse } from '../signers.ts'
import { deviceKnowing } from '../soft-signers.ts'
import { suitHouse } from '../suit-envelopes.ts'
import { espApplication } from './esp-corruptions.ts'
import { devicetree, plainFit } from './fit.ts'
import { signed, signerOf, trustIn } from './signed.ts'

export interface ArtefactSample {
  readonly bytes: Uint8Array
  readonly trust: DeviceTrust
  /** Of a detached form: what was signed. */
  readonly beside?: Uint8Array
}

type Maker = (forms: ArtefactForms) => Promise<ArtefactSample>

const payload = Uint8Array.from({ length: 2_000 }, (_, index) => index % 7)

/** Of each form the function that makes its sample; a form that is added needs one. */
export const sampleMakers: Partial<Readonly<Record<ArtefactFormName, Maker>>> = {
  async mcuboot() {
    const signer = await signerOf('p-256')
    const options = { version: '1.2.3', padHeader: true, headerSize: 64, securityCounter: '7' }
    const bytes = await signed(mcubootForm, payload, options, [signer])
    return { bytes, trust: trustIn([signer], { counter: 7 }) }
  },
  async 'esp-secure-boot-v2'() {
    const signer = await signerOf('p-256')
    const bytes = await signed(espForm, espApplication(payload), {}, [signer])
    return { bytes, trust: trustIn([signer]) }
  },
  async 'uboot-fit'() {
    const signer = await signerOf('p-256')
    return {
      bytes: await signed(fitForm, devicetree(plainFit()), {}, [signer]),
      trust: trustIn([signer]),
    }
  },
  async rauc({ rauc }) {
    const house = await signingHouse()
    const signer = await house.signer()
    const made = await buildRauc({
      groups: parseKeyFile(
        '[update]\ncompatible=Test\nversion=1.0\n[image.rootfs]\nfilename=rootfs.ext4\n',
      ),
      entries: [fileToPack('rootfs.ext4', payload)],
      modifiedAt: 0,
    })
    assert.ok(made.kind === 'container' && rauc !== undefined)
    const bytes = await signedBy(rauc, await octetsOf(made.octets), {}, [signer])
    return { bytes, trust: house.trust() }
  },
  async swupdate({ swupdate }) {
    const house = await signingHouse()
    const signer = await house.signer()
    const made = await buildSwupdate({
      description: 'software = { version = "1.0"; images: ( { filename = "a.img"; } ); }',
      files: [{ name: 'a.img', content: memorySource(payload) }],
      securityVersion: 9,
    })
    assert.ok(made.kind === 'container' && swupdate !== undefined)
    const container = await piecesOf(made.pieces)
    const bytes = await signedBy(swupdate, container, { signedAt: String(madeNow) }, [signer])
    return { bytes, trust: house.trust({ counter: 9 }) }
  },
  async mender({ mender }) {
    const house = await signingHouse()
    const signer = { ...(await house.signer()), chain: [] }
    const made = await buildMender({
      ...{ artifactName: 'release-1', deviceTypes: ['board'], payloadType: 'rootfs-image' },
      files: [{ name: 'rootfs.ext4', content: memorySource(payload) }],
      ...{ securityVersion: 5, gzip: packGzip },
    })
    assert.ok(made.kind === 'container' && mender !== undefined)
    const bytes = await signedBy(mender, await octetsOf(made.octets), {}, [signer])
    return { bytes, trust: house.trust({ roots: [], keys: [signer.publicKey], counter: 5 }) }
  },
  async cms({ cms }) {
    const house = await signingHouse()
    const signer = await house.signer()
    assert.ok(cms !== undefined)
    const bytes = await signedBy(cms, payload, {}, [signer])
    return { bytes, trust: house.trust(), beside: payload }
  },
  async raw({ raw }) {
    const signer = await signerOf('ed25519')
    assert.ok(raw !== undefined)
    const bytes = await signed(raw, payload, {}, [signer])
    return { bytes, trust: trustIn([signer]), beside: payload }
  },
  async suit() {
    const { signer, genuine } = await suitHouse()
    return { bytes: genuine, trust: deviceKnowing([signer], { counter: 42 }) }
  },
  async 'outer-manifest'() {
    const { classical, postQuantum, genuine } = await outerHouse()
    const trust = deviceKnowing([classical, postQuantum], { counter: 42, demandsBoth: true })
    return { bytes: genuine, trust }
  },
}
