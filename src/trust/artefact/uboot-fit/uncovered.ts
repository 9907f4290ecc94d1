// SPDX-License-Identifier: Apache-2.0
import type { FdtNode } from '#format/firmware/boot/fdt.ts'
import { refuse } from '#trust/refusal.ts'
import type { ArtefactRefused } from '../refusal.ts'
import { type FitTree, isUncovered } from './tree.ts'

/**
 * What stands in the tree and is covered by none of the signatures that hold: a node, a property, the name of one.
 *
 * Left out are what the signatures are made of, the choice of the configuration that is usual, and where data are,
 * which the digests of images answer for.
 *
 * @param covered paths of nodes
 */
export function uncoveredFault(
  tree: FitTree,
  covered: ReadonlySet<string>,
): ArtefactRefused | undefined {
  const visit = (node: FdtNode, path: string): ArtefactRefused | undefined => {
    const here = path === '' ? '/' : path
    const isImage = /^\/images\/[^/]+$/.test(path)
    const stray = [...node.properties.values()].find((property) =>
      isUncovered(property)
        ? !isImage
        : !covered.has(here) && !(here === '/configurations' && property.name === 'default'),
    )
    if (stray !== undefined)
      return refuse('artefact-not-covered', `${stray.name} of ${here} is covered by no signature`)
    for (const child of node.children) {
      const below = `${path}/${child.name}`
      if (isSignatureNode(path, child)) continue
      if (!covered.has(below) && !holders.includes(below))
        return refuse('artefact-not-covered', `${below} is covered by no signature`)
      const wrong = visit(child, below)
      if (wrong !== undefined) return wrong
    }
    return undefined
  }
  return visit(tree.fdt.root, '')
}

/** Nodes that hold others, of which signatures cover what begins and ends them. */
const holders = ['/images', '/configurations']

function isSignatureNode(parent: string, { name }: FdtNode): boolean {
  return name.startsWith('signature') && /^\/(images|configurations)\/[^/]+$/.test(parent)
}

/** A name behind the octets that are covered could be changed, and so what its value means. */
export function uncoveredName(
  tree: FitTree,
  paths: readonly string[],
  stringsSize: number,
): ArtefactRefused | undefined {
  const listed = new Set(paths)
  const visit = (node: FdtNode, path: string): ArtefactRefused | undefined => {
    if (listed.has(path === '' ? '/' : path))
      for (const property of node.properties.values()) {
        const { name, nameAt } = property
        // Names are ASCII: one octet a character, and a zero octet behind it.
        if (!isUncovered(property) && nameAt + name.length + 1 > stringsSize)
          return refuse('artefact-not-covered', `the name of ${name} of ${path} is not covered`)
      }
    for (const child of node.children) {
      const wrong = visit(child, `${path}/${child.name}`)
      if (wrong !== undefined) return wrong
    }
    return undefined
  }
  return visit(tree.fdt.root, '')
}
