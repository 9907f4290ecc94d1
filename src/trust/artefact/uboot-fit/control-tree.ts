// SPDX-License-Identifier: Apache-2.0
/** The keys in the forms that builds of U-Boot take: a source to include, or its control devicetree itself. */
import { memorySource } from '#format/archive/byte-source.ts'
import { concatBytes } from '#format/bytes.ts'
import { parseFdt } from '#format/firmware/boot/fdt.ts'
import {
  encodeFdtNode,
  encodeFdtValue,
  FdtStrings,
  type FdtValue,
  type NewFdtNode,
} from '#format/firmware/boot/fdt-write.ts'
import { readPieces } from '../pieces.ts'
import { editTree } from './edited.ts'
import { type FitKey, fitKeyNode } from './key-node.ts'
import { childOf } from './tree.ts'

/**
 * The source of a devicetree that makes U-Boot demand signatures by these keys, to be included in that of its board.
 *
 * With several keys U-Boot demands all of them, unless `any` says that one is enough.
 *
 * @throws TypeError if U-Boot checks one of them not
 * @see U-Boot doc/usage/fit/signature.rst, public key storage
 */
export function encodeFitKeySource(keys: readonly FitKey[], mode: 'all' | 'any' = 'all'): string {
  return [
    '/* The keys that this device believes. Public: nothing here is secret. */',
    ...['/ {', '\tsignature {', `\t\trequired-mode = "${mode}";`],
    ...keys.map(fitKeyNode).flatMap((node) => sourceOf(node).map((line) => `\t\t${line}`)),
    ...['\t};', '};', ''],
  ].join('\n')
}

function sourceOf({ name, properties }: NewFdtNode): readonly string[] {
  return [
    `${name} {`,
    ...properties.map(([property, value]) => `\t${property} = ${valueSource(value)};`),
    '};',
  ]
}

function valueSource(value: FdtValue): string {
  if (typeof value === 'string') return `"${value}"`
  const hex = encodeFdtValue(value).toHex()
  const words = hex.match(/.{1,8}/g) ?? []
  return `<${words.map((word) => `0x${word}`).join(' ')}>`
}

/**
 * A control devicetree with these keys in it; keys of the same names, and the mode, are replaced, all else stays.
 *
 * @throws FormatError if it is no devicetree
 * @throws TypeError if U-Boot checks one of the keys not
 */
export async function addFitKeys(
  tree: Uint8Array,
  keys: readonly FitKey[],
  mode: 'all' | 'any' = 'all',
): Promise<Uint8Array> {
  const source = memorySource(tree)
  const fdt = await parseFdt(source)
  const { stringsOffset, stringsSize } = fdt.header
  const strings = new FdtStrings(tree.slice(stringsOffset, stringsOffset + stringsSize))
  const nodes = keys.map(fitKeyNode)
  const before = childOf(fdt.root, 'signature')
  const replaced = new Set(nodes.map(({ name }) => name))
  const kept = (before?.children ?? []).filter(({ name }) => !replaced.has(name))
  const made = encodeFdtNode(
    { name: 'signature', properties: [['required-mode', mode]], children: nodes },
    strings,
  )
  // Those that stay are put before the token that ends the node.
  const octets = concatBytes([
    made.subarray(0, -4),
    ...kept.map(({ from, to }) => tree.subarray(from, to)),
    made.subarray(-4),
  ])
  const end = fdt.root.to - 4
  const { from, to } = before ?? { from: end, to: end }
  const { pieces } = await editTree(source, fdt, [{ from, to, octets }], strings)
  const chunks: Uint8Array[] = []
  for await (const chunk of readPieces(pieces)) chunks.push(chunk.slice())
  return concatBytes(chunks)
}
