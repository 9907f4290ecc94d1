// SPDX-License-Identifier: Apache-2.0
/** FITs made in memory, as mkimage makes them, and taken apart. */
import { memorySource } from '#format/archive/byte-source.ts'
import { concatBytes } from '#format/bytes.ts'
import { type FdtNode, type FdtProperty, parseFdt } from '#format/firmware/boot/fdt.ts'
import {
  encodeFdtHeader,
  encodeFdtNode,
  FdtStrings,
  type NewFdtNode,
} from '#format/firmware/boot/fdt-write.ts'
import { digestBy } from '#trust/digest-signature.ts'

/** A devicetree with one root. */
export function devicetree(root: NewFdtNode): Uint8Array {
  const strings = new FdtStrings(new Uint8Array(0))
  const structure = concatBytes([encodeFdtNode(root, strings), Uint8Array.of(0, 0, 0, 9)])
  const names = strings.encode()
  const [structOffset, reservedOffset] = [56, 40]
  const stringsOffset = structOffset + structure.length
  const totalSize = Math.ceil((stringsOffset + names.length) / 8) * 8
  const header = encodeFdtHeader({
    ...{ totalSize, structOffset, structSize: structure.length, reservedOffset },
    ...{ stringsOffset, stringsSize: names.length, bootCpu: 0 },
  })
  const fill = new Uint8Array(totalSize - stringsOffset - names.length)
  return concatBytes([header, new Uint8Array(16), structure, names, fill])
}

export function fitImage(
  name: string,
  data: Uint8Array,
  more: NewFdtNode['properties'] = [],
): NewFdtNode {
  return {
    name,
    properties: [
      ['description', `an image, ${name}`],
      ['data', data],
      ...([['arch', 'arm'], ['compression', 'none'], ...more] as const),
    ],
    children: [
      {
        name: 'hash-1',
        properties: [
          ['value', digestBy('sha256', data)],
          ['algo', 'sha256'],
        ],
      },
    ],
  }
}

const kernelProperties = [
  ['type', 'kernel'],
  ['os', 'linux'],
  ['load', [0x4008_0000]],
  ['entry', [0x4008_0000]],
] as const
export const kernel = new Uint8Array(3_000).fill(0x5a)
export const board = devicetree({ name: '', properties: [['model', 'a board']] })

/** A kernel, a devicetree and a configuration of both, unsigned. */
export function plainFit(): NewFdtNode {
  return {
    name: '',
    properties: [
      ['timestamp', [1_795_910_400]],
      ['description', 'an infusion pump'],
      ['#address-cells', [1]],
    ],
    children: [
      {
        name: 'images',
        properties: [],
        children: [
          fitImage('kernel-1', kernel, kernelProperties),
          fitImage('fdt-1', board, [['type', 'flat_dt']]),
        ],
      },
      {
        name: 'configurations',
        properties: [['default', 'conf-1']],
        children: [
          {
            name: 'conf-1',
            properties: [
              ['description', 'the usual'],
              ['kernel', 'kernel-1'],
              ['fdt', 'fdt-1'],
            ],
          },
        ],
      },
    ],
  }
}

/** A tree as it was parsed, as one that can be changed and written. */
export async function takeTree(octets: Uint8Array): Promise<NewFdtNode> {
  const { root } = await parseFdt(memorySource(octets))
  const take = (node: FdtNode): NewFdtNode => ({
    name: node.name,
    properties: [...node.properties.values()].map(({ name, offset, length }) => [
      name,
      octets.slice(offset, offset + length),
    ]),
    children: node.children.map(take),
  })
  return take(root)
}

/** Where the value of a property lies. */
export async function placeOf(
  octets: Uint8Array,
  path: string,
  property: string,
): Promise<FdtProperty> {
  const { root } = await parseFdt(memorySource(octets))
  let node: FdtNode | undefined = root
  for (const name of path.split('/').filter((part) => part !== ''))
    node = node?.children.find((child) => child.name === name)
  const found = node?.properties.get(property)
  if (found === undefined) throw new Error(`no ${property} of ${path}`)
  return found
}

/** The tree with one of its nodes changed; other nodes stay as they are. */
export function changeNode(
  root: NewFdtNode,
  path: string,
  change: (node: NewFdtNode) => NewFdtNode,
): NewFdtNode {
  const parts = path.split('/').filter((part) => part !== '')
  const visit = (node: NewFdtNode, depth: number): NewFdtNode => {
    if (depth === parts.length) return change(node)
    const children = (node.children ?? []).map((child) =>
      child.name === parts[depth] ? visit(child, depth + 1) : child,
    )
    return { ...node, children }
  }
  return visit(root, 0)
}
