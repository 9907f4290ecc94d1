// SPDX-License-Identifier: Apache-2.0

/** One difference of two documents; an absent member is undefined. */
export interface ProfileDifference {
  /** As in a `ProfileFault`. */
  readonly path: string
  readonly from: unknown
  readonly to: unknown
}

/** Every place where two JSON documents differ, in the order of the first; lists go item by item. */
export function diffProfiles(from: unknown, to: unknown): readonly ProfileDifference[] {
  const differences: ProfileDifference[] = []
  collect(from, to, '', differences)
  return differences
}

function collect(from: unknown, to: unknown, path: string, into: ProfileDifference[]) {
  if (Object.is(from, to)) return
  if (!isTree(from) || !isTree(to) || Array.isArray(from) !== Array.isArray(to)) {
    into.push({ path, from, to })
    return
  }
  for (const name of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const at = Array.isArray(from) ? `${path}[${name}]` : path === '' ? name : `${path}.${name}`
    collect(memberOf(from, name), memberOf(to, name), at, into)
  }
}

function isTree(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function memberOf(tree: object, name: string): unknown {
  return Object.hasOwn(tree, name) ? Reflect.get(tree, name) : undefined
}
