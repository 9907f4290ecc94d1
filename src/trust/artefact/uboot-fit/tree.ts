// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '#format/archive/byte-source.ts'
import {
  type Fdt,
  type FdtNode,
  type FdtProperty,
  fdtTexts,
  parseFdt,
} from '#format/firmware/boot/fdt.ts'
import { refuse } from '#trust/refusal.ts'
import type { ArtefactRefused } from '../refusal.ts'

/** A FIT whose tree is as U-Boot reads it: every path names one node. */
export interface FitTree {
  readonly kind: 'tree'
  readonly fdt: Fdt
  readonly images: ReadonlyMap<string, FdtNode>
  readonly configurations: readonly FdtNode[]
  /** The node that holds them. */
  readonly configurationsNode: FdtNode
}

/** Properties that no signature covers, in whatever node they stand: where the data of an image are. */
export const uncoveredProperties = ['data', 'data-size', 'data-position', 'data-offset'] as const

/** What of a configuration does not name images. @see U-Boot doc/usage/fit/source_file_format.rst, configuration nodes */
const plainProperties = ['description', 'compatible', 'default', 'load-only']

/** @throws FormatError if it is no devicetree */
export async function readFitTree(source: ByteSource): Promise<FitTree | ArtefactRefused> {
  const fdt = await parseFdt(source)
  const { root, header, nothings } = fdt
  const images = childOf(root, 'images')
  const configurationsNode = childOf(root, 'configurations')
  if (images === undefined || configurationsNode === undefined)
    return refuse('artefact-of-another-form', 'a devicetree without images and configurations')
  // U-Boot boot/image-fit.c, fit_check_format.
  const lacking = ['description', 'timestamp'].find((name) => !root.properties.has(name))
  if (lacking !== undefined)
    return refuse('artefact-malformed', `the root has no ${lacking}: mkimage puts it there`)
  if (nothings > 0 || root.to + 4 !== header.structOffset + header.structSize)
    return refuse('artefact-malformed', 'tokens of no meaning in the tree, which no signer writes')
  if (root.name !== '') return refuse('artefact-malformed', `the root is called ${root.name}`)
  const wrong = nameFault(root, '')
  if (wrong !== undefined) return wrong
  return {
    ...{ kind: 'tree', fdt, configurationsNode, configurations: configurationsNode.children },
    images: new Map(images.children.map((node) => [node.name, node])),
  }
}

/** Devicetree Specification 0.4, table 2.1; without `@`, which U-Boot takes for the end of a name. */
const nodeName = /^[0-9A-Za-z,._+-]+$/

/** U-Boot looks nodes up by name: of two that it does not tell from one another it takes the first. */
function nameFault(node: FdtNode, path: string): ArtefactRefused | undefined {
  const seen = new Set<string>()
  for (const child of node.children) {
    const here = `${path}/${child.name}`
    if (!nodeName.test(child.name))
      return refuse('artefact-malformed', `node ${here}: letters, digits and ,._+- make a name`)
    if (seen.has(child.name)) return refuse('artefact-field-twice', `node ${here} stands twice`)
    seen.add(child.name)
    const below = nameFault(child, here)
    if (below !== undefined) return below
  }
  return undefined
}

export function childOf(node: FdtNode, wanted: string): FdtNode | undefined {
  return node.children.find(({ name }) => name === wanted)
}

/** As U-Boot finds them: by the beginning of their names. */
export function nodesOf({ children }: FdtNode, kind: 'hash' | 'signature'): readonly FdtNode[] {
  return children.filter(({ name }) => name.startsWith(kind))
}

export function configurationPath({ name }: FdtNode): string {
  return `/configurations/${name}`
}

/** The images that a configuration names, in its order, each once. */
export function imagesOf(
  configuration: FdtNode,
  { images }: Pick<FitTree, 'images'>,
): readonly FdtNode[] {
  const found = new Set<FdtNode>()
  for (const property of configuration.properties.values()) {
    if (plainProperties.includes(property.name)) continue
    for (const name of fdtTexts(property) ?? []) {
      const image = images.get(name)
      if (image !== undefined) found.add(image)
    }
  }
  return [...found]
}

/**
 * The paths of all nodes that a signature of a configuration has to cover.
 *
 * Made from the configuration itself, and never from the list that stands beside the signature: nothing covers that
 * list (CVE-2026-46728).
 *
 * @see U-Boot boot/image-fit-sig.c, fit_config_get_signed_nodes
 */
export function signedPaths(configuration: FdtNode, tree: FitTree): readonly string[] {
  const paths = ['/', configurationPath(configuration)]
  for (const image of imagesOf(configuration, tree)) {
    const path = `/images/${image.name}`
    paths.push(path, ...nodesOf(image, 'hash').map(({ name }) => `${path}/${name}`))
    for (const kind of ['cipher', 'dm-verity'])
      if (childOf(image, kind) !== undefined) paths.push(`${path}/${kind}`)
  }
  return paths
}

/** Whether a property is where the data of an image are. */
export function isUncovered({ name }: FdtProperty): boolean {
  return uncoveredProperties.some((one) => one === name)
}
