// SPDX-License-Identifier: Apache-2.0
/** What each form signs, around an image of a few kilobytes. */
import { memorySource } from '#format/archive/byte-source.ts'
import { parseKeyFile } from '#format/firmware/bundle/key-file.ts'
import type { ArtefactFormName } from '#trust/artefact/form-names.ts'
import { buildMender } from '#trust/artefact/mender/build.ts'
import { buildRauc } from '#trust/artefact/rauc/build.ts'
import { buildSwupdate } from '#trust/artefact/swupdate/build.ts'
import { fileToPack, octetsOf, piecesOf } from '../../test/support/artefact-files.ts'
import { espApplication } from '../../test/support/artefacts/esp-corruptions.ts'
import { changeNode, devicetree, fitImage, plainFit } from '../../test/support/artefacts/fit.ts'

type Making = (image: Uint8Array) => Uint8Array | Promise<Uint8Array>

/** Absent: any octets are signed so. */
const makings: Partial<Readonly<Record<ArtefactFormName, Making>>> = {
  'esp-secure-boot-v2': (image) => espApplication(image),
  'uboot-fit': makeFit,
  rauc: makeRauc,
  swupdate: makeSwupdate,
  mender: makeMender,
}

export async function artefactFor(form: ArtefactFormName, image: Uint8Array): Promise<Uint8Array> {
  return (await makings[form]?.(image)) ?? image
}

function makeFit(image: Uint8Array): Uint8Array {
  const tree = changeNode(plainFit(), '/images', (node) => ({
    ...node,
    children: [fitImage('kernel-1', image), ...(node.children ?? []).slice(1)],
  }))
  return devicetree(tree)
}

async function makeRauc(image: Uint8Array): Promise<Uint8Array> {
  const groups = parseKeyFile('[update]\ncompatible=x\n[image.rootfs]\nfilename=image\n')
  const made = await buildRauc({ groups, entries: [fileToPack('image', image)], modifiedAt: 0 })
  if (made.kind === 'refused') throw new Error(made.detail)
  return octetsOf(made.octets)
}

async function makeSwupdate(image: Uint8Array): Promise<Uint8Array> {
  const made = await buildSwupdate({
    description: 'software = { version = "1"; images: ( { filename = "image"; } ); }',
    files: [{ name: 'image', content: memorySource(image) }],
  })
  if (made.kind === 'refused') throw new Error(made.detail)
  return piecesOf(made.pieces)
}

async function makeMender(image: Uint8Array): Promise<Uint8Array> {
  const made = await buildMender({
    ...{ artifactName: 'x', deviceTypes: ['x'], payloadType: 'rootfs-image' },
    files: [{ name: 'image', content: memorySource(image) }],
  })
  if (made.kind === 'refused') throw new Error(made.detail)
  return octetsOf(made.octets)
}
