// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '#format/archive/byte-source.ts'
import { type Fdt, type FdtNode, fdtText, fdtTexts, parseFdt } from '#format/firmware/boot/fdt.ts'
import { FormatError } from '#format/format-error.ts'
import type { Anatomy, AnatomyPart } from '../form.ts'
import { dataOf } from './images.ts'
import { configurationPath, type FitTree, imagesOf, nodesOf, readFitTree } from './tree.ts'

/** @throws FormatError if it is no devicetree */
export async function inspectFit(source: ByteSource): Promise<Anatomy> {
  const fdt = await parseFdt(source)
  const title = `U-Boot FIT, ${fdtText(fdt.root.properties.get('description')) ?? 'without a name'}`
  const tree = await readFitTree(source)
  if (tree.kind === 'refused') {
    const part = { ...treePart(fdt), what: `does not read on: ${tree.detail}` }
    return { title, parts: [part] }
  }
  const images = [...tree.images.values()].flatMap((image) => imageParts(image, tree))
  const configurations = tree.configurations.flatMap((one) => configurationParts(one, tree))
  return { title, parts: [treePart(fdt), ...images, ...configurations] }
}

function treePart({ header }: Fdt): AnatomyPart {
  const what = 'the devicetree that describes all'
  return { name: 'tree', offset: 0, octets: header.totalSize, what, facts: [] }
}

function imageParts(image: FdtNode, tree: FitTree): readonly AnatomyPart[] {
  const text = (name: string) => fdtText(image.properties.get(name)) ?? 'not said'
  return [
    {
      name: `/images/${image.name}`,
      ...placeOf(image, tree),
      what: `${text('type')}, compression ${text('compression')}`,
      facts: [
        ['description', text('description')],
        ['system', text('os')],
        ...nodesOf(image, 'hash').map((node) => digestFact(node)),
      ],
    },
  ]
}

function placeOf(image: FdtNode, tree: FitTree) {
  try {
    const data = dataOf(image, tree)
    if (data.kind === 'data') return { offset: data.offset, octets: data.size }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
  }
  return { offset: undefined, octets: 0 }
}

function digestFact({ properties }: FdtNode): readonly [string, string] {
  const name = fdtText(properties.get('algo')) ?? 'digest'
  return [name, properties.get('value')?.bytes?.toHex() ?? 'not said']
}

function configurationParts(node: FdtNode, tree: FitTree): readonly AnatomyPart[] {
  const path = configurationPath(node)
  const isUsual = fdtText(tree.configurationsNode.properties.get('default')) === node.name
  const images = imagesOf(node, tree).map(({ name }) => name)
  const signatures = nodesOf(node, 'signature')
  const about: AnatomyPart = {
    ...{ name: path, offset: node.from, octets: node.to - node.from },
    what: `starts ${images.join(', ') || 'nothing'}${isUsual ? '; the usual one' : ''}`,
    facts: [
      ['description', fdtText(node.properties.get('description')) ?? 'not said'],
      ['signatures', `${signatures.length}`],
    ],
  }
  return [about, ...signatures.map((signature) => signaturePart(signature, path))]
}

function signaturePart({ name, properties, from, to }: FdtNode, path: string): AnatomyPart {
  const text = (wanted: string) => fdtText(properties.get(wanted)) ?? 'not said'
  const octets = properties.get('value')?.bytes?.length ?? 0
  const listed = fdtTexts(properties.get('hashed-nodes')) ?? []
  return {
    ...{ name: `${path}/${name}`, offset: from, octets: to - from },
    what: octets === 0 ? 'room for a signature' : `signature, ${text('algo')}`,
    facts: [
      ['key', text('key-name-hint')],
      ['padding', text('padding')],
      ['by', text('signer-name')],
      ['says to cover', listed.join(' ') || 'not said'],
    ],
  }
}
