// SPDX-License-Identifier: Apache-2.0
/** What may be wrong with a signed FIT, and how each is refused; U-Boot itself judges those that are marked so. */
import { memorySource } from '#format/archive/byte-source.ts'
import { concatBytes } from '#format/bytes.ts'
import { type FdtNode, fdtAligned, parseFdt } from '#format/firmware/boot/fdt.ts'
import { encodeFdtNode, FdtStrings, type NewFdtNode } from '#format/firmware/boot/fdt-write.ts'
import { readPieces } from '#trust/artefact/pieces.ts'
import type { ArtefactRefusal } from '#trust/artefact/refusal.ts'
import { editTree, type FdtEdit } from '#trust/artefact/uboot-fit/edited.ts'
import { changeNode, devicetree, fitImage, kernel, placeOf, takeTree } from './fit.ts'
import { flip, put } from './mcuboot-corruptions.ts'

export interface FitCorruption {
  readonly name: string
  readonly refusal: ArtefactRefusal
  /** Of `plainFit`, signed by one key; `conf-1` is what a device starts, unless `configuration` says another. */
  readonly change: (fit: Uint8Array) => Promise<Uint8Array>
  readonly configuration?: string
  /** What U-Boot of Debian 12 does, since its fix of CVE-2026-46728; what it starts all the same it does not look at. */
  readonly uboot: 'refuses' | 'starts'
}

const otherKernel = kernel.slice().fill(0x66)
const kernelProperties = [
  ['type', 'kernel'],
  ['os', 'linux'],
  ['load', [0x4008_0000]],
  ['entry', [0x4008_0000]],
] as const
const signature = '/configurations/conf-1/signature-1'
const refuses = 'refuses' as const
const starts = 'starts' as const

/** One bit of a property's value. */
function bitOf(path: string, property: string, at = 0) {
  return async (fit: Uint8Array) => {
    const { offset } = await placeOf(fit, path, property)
    return flip(fit, offset + at)
  }
}

/** Other octets at the beginning of a property's value. */
function octetsOf(path: string, property: string, ...octets: readonly number[]) {
  return async (fit: Uint8Array) => {
    const { offset } = await placeOf(fit, path, property)
    return put(fit, offset, ...octets)
  }
}

const text = (value: string) => [...new TextEncoder().encode(value)]

interface Opened {
  readonly fit: Uint8Array
  readonly root: FdtNode
  readonly strings: FdtStrings
  /** @param edits in ascending order */
  edited(edits: readonly FdtEdit[]): Promise<Uint8Array>
}

/** What signatures cover of the rest stays octet by octet, as whoever wants to deceive would see to. */
async function opened(fit: Uint8Array): Promise<Opened> {
  const source = memorySource(fit)
  const fdt = await parseFdt(source)
  const { stringsOffset, stringsSize } = fdt.header
  const strings = new FdtStrings(fit.slice(stringsOffset, stringsOffset + stringsSize))
  const edited = async (edits: readonly FdtEdit[]) => {
    const { pieces } = await editTree(source, fdt, edits, strings)
    const chunks: Uint8Array[] = []
    for await (const chunk of readPieces(pieces)) chunks.push(chunk.slice())
    return concatBytes(chunks)
  }
  return { fit, root: fdt.root, strings, edited }
}

function nodeAt(root: FdtNode, path: string): FdtNode {
  let node = root
  for (const name of path.split('/').filter((part) => part !== ''))
    node = node.children.find((child) => child.name === name)!
  return node
}

/** The tokens of properties alone: of a node without a name eight octets begin it, and four end it. */
function propertyTokens(properties: NewFdtNode['properties'], strings: FdtStrings): Uint8Array {
  return encodeFdtNode({ name: '', properties }, strings).subarray(8, -4)
}

/** A node put in before all others within a node, or behind them. */
function inserted(path: string, place: 'first' | 'last', made: NewFdtNode) {
  return async (fit: Uint8Array) => {
    const { root, strings, edited } = await opened(fit)
    const node = nodeAt(root, path)
    const at = place === 'last' ? node.to - 4 : (node.children[0]?.from ?? node.to - 4)
    return edited([{ from: at, to: at, octets: encodeFdtNode(made, strings) }])
  }
}

/** The tree written anew with one of its nodes changed. */
function rewritten(path: string, change: (node: NewFdtNode) => NewFdtNode) {
  return async (fit: Uint8Array) => devicetree(changeNode(await takeTree(fit), path, change))
}

export const fitCorruptions: readonly FitCorruption[] = [
  {
    name: 'one bit of the kernel',
    refusal: 'artefact-digest-wrong',
    change: bitOf('/images/kernel-1', 'data', 100),
    uboot: refuses,
  },
  {
    name: 'one bit of the devicetree',
    refusal: 'artefact-digest-wrong',
    change: bitOf('/images/fdt-1', 'data', 60),
    uboot: refuses,
  },
  {
    name: 'one bit of a digest',
    refusal: 'signature-wrong',
    change: bitOf('/images/kernel-1/hash-1', 'value'),
    uboot: refuses,
  },
  {
    name: 'another algorithm of a digest',
    refusal: 'signature-wrong',
    change: octetsOf('/images/kernel-1/hash-1', 'algo', ...text('sha384')),
    uboot: refuses,
  },
  {
    name: 'another place to load to',
    refusal: 'signature-wrong',
    change: bitOf('/images/kernel-1', 'load', 2),
    uboot: refuses,
  },
  {
    name: 'another kernel in the configuration',
    refusal: 'signature-wrong',
    change: octetsOf('/configurations/conf-1', 'kernel', ...text('kernel-2')),
    uboot: refuses,
  },
  {
    name: 'another description of the root',
    refusal: 'signature-wrong',
    change: bitOf('/', 'description'),
    uboot: refuses,
  },
  {
    name: 'one bit of the signature',
    refusal: 'signature-wrong',
    change: bitOf(signature, 'value', 20),
    uboot: refuses,
  },
  {
    name: 'a signature cut short',
    refusal: 'signature-wrong',
    change: rewritten(signature, (node) => ({
      ...node,
      properties: node.properties.map(([name, value]) =>
        name === 'value' ? [name, (value as Uint8Array).slice(1)] : [name, value],
      ),
    })),
    uboot: refuses,
  },
  {
    name: 'no signature node',
    refusal: 'artefact-not-signed',
    change: rewritten('/configurations/conf-1', (node) => ({ ...node, children: [] })),
    uboot: refuses,
  },
  {
    name: 'a signature node without a signature',
    refusal: 'artefact-not-signed',
    change: rewritten(signature, (node) => ({
      ...node,
      properties: node.properties.filter(([name]) => name !== 'value'),
    })),
    uboot: refuses,
  },
  {
    name: 'a signature that says to be by SHA-1',
    refusal: 'signature-algorithm-unknown',
    change: octetsOf(signature, 'algo', ...text('sha1,rsa2048\0\0')),
    uboot: refuses,
  },
  {
    name: 'no digest of the kernel',
    refusal: 'signature-wrong',
    change: rewritten('/images/kernel-1', (node) => ({ ...node, children: [] })),
    uboot: refuses,
  },
  {
    name: 'more names covered than there are',
    refusal: 'artefact-malformed',
    change: octetsOf(signature, 'hashed-strings', 0, 0, 0, 0, 0, 1, 0, 0),
    uboot: refuses,
  },
  {
    name: 'fewer names covered than were signed',
    refusal: 'signature-wrong',
    change: bitOf(signature, 'hashed-strings', 7),
    uboot: refuses,
  },
  {
    name: 'one bit of a name that is covered',
    refusal: 'signature-wrong',
    change: async (fit) => {
      const { stringsOffset } = (await parseFdt(memorySource(fit))).header
      // "data" becomes "eata": the kernel's data become a value that nothing covers.
      const at = new TextDecoder('latin1').decode(fit.subarray(stringsOffset)).indexOf('\0data\0')
      return flip(fit, stringsOffset + at + 1)
    },
    uboot: refuses,
  },
  {
    name: 'a property put into the configuration',
    refusal: 'signature-wrong',
    change: rewritten('/configurations/conf-1', (node) => ({
      ...node,
      properties: [...node.properties, ['compatible', 'another,board']],
    })),
    uboot: refuses,
  },
  {
    name: 'a tree that says to be longer than the file',
    refusal: 'artefact-truncated',
    change: async (fit) => put(fit, 4, 0, 1, 0, 0),
    uboot: starts,
  },
  {
    name: 'a file cut off',
    refusal: 'artefact-truncated',
    change: async (fit) => fit.slice(0, -40),
    uboot: refuses,
  },
  {
    name: 'a configuration that bears the signature of another',
    refusal: 'artefact-not-covered',
    configuration: 'evil',
    change: async (fit) => {
      const image = fitImage('evil', otherKernel, kernelProperties)
      const both = await inserted('/images', 'last', image)(fit)
      return inserted('/configurations', 'last', await hijacked(fit))(both)
    },
    uboot: refuses,
  },
  {
    // CVE-2026-46728: what the list names is what was signed, and what is started is something else.
    name: 'another kernel, while the list beside the signature names the old one in another place',
    refusal: 'artefact-not-covered',
    change: async (fit) => {
      const { root, strings, edited } = await opened(fit)
      const [first, last] = nodeAt(root, '/images').children
      const genuine = fit.slice(first!.from, last!.to)
      const aside = encodeFdtNode({ name: 'aside', properties: [] }, strings)
      const evil = encodeFdtNode(fitImage('kernel-1', otherKernel, kernelProperties), strings)
      const images = [aside.subarray(0, -4), genuine, aside.subarray(-4), evil]
      const listed = ['kernel-1', 'kernel-1/hash-1', 'fdt-1', 'fdt-1/hash-1']
      const paths = ['/', '/configurations/conf-1', ...listed.map((one) => `/images/aside/${one}`)]
      const { offset, length } = nodeAt(root, signature).properties.get('hashed-nodes')!
      return edited([
        {
          ...{ from: first!.from, to: last!.to },
          octets: concatBytes([...images, fit.slice(last!.from, last!.to)]),
        },
        {
          ...{ from: offset - 12, to: offset + fdtAligned(length) },
          octets: propertyTokens([['hashed-nodes', paths]], strings),
        },
      ])
    },
    uboot: refuses,
  },
  {
    name: 'an image that no configuration names',
    refusal: 'artefact-not-covered',
    change: inserted('/images', 'last', fitImage('spare', kernel)),
    uboot: starts,
  },
  {
    name: 'a configuration that nobody signed',
    refusal: 'artefact-not-signed',
    change: inserted('/configurations', 'first', {
      name: 'conf-0',
      properties: [['kernel', 'kernel-1']],
    }),
    uboot: starts,
  },
  {
    name: 'a node beside images and configurations',
    refusal: 'signature-wrong',
    change: inserted('/', 'last', { name: 'notes', properties: [['note', 'a lie']] }),
    uboot: refuses,
  },
  {
    name: 'a property of the node that holds the images',
    refusal: 'artefact-not-covered',
    change: async (fit) => {
      const { root, strings, edited } = await opened(fit)
      const at = nodeAt(root, '/images').bodyFrom
      return edited([{ from: at, to: at, octets: propertyTokens([['note', 'a lie']], strings) }])
    },
    uboot: starts,
  },
  {
    name: 'octets behind the tree',
    refusal: 'artefact-trailing-octets',
    change: async (fit) => concatBytes([fit, Uint8Array.of(1, 2, 3)]),
    uboot: starts,
  },
  {
    name: 'a page of zeros behind the tree',
    refusal: 'artefact-trailing-octets',
    change: async (fit) => concatBytes([fit, new Uint8Array(8_192)]),
    uboot: starts,
  },
]

/** A configuration of one's own, with the signature node of the genuine one. */
async function hijacked(fit: Uint8Array): Promise<NewFdtNode> {
  const tree = await takeTree(fit)
  const configurations = tree.children!.find(({ name }) => name === 'configurations')!
  const genuine = configurations.children!.find(({ name }) => name === 'conf-1')!
  return {
    name: 'evil',
    properties: [
      ['description', 'not the usual'],
      ['kernel', 'evil'],
      ['fdt', 'fdt-1'],
    ],
    children: genuine.children!,
  }
}
