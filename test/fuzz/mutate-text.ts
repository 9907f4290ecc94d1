// SPDX-License-Identifier: Apache-2.0
/** Changes to text: characters that mean something, pieces moved, and the values of JSON. */
import type { Random } from './random.ts'

const pieces = [
  ' ',
  '\n',
  '\r',
  '\t',
  '=',
  '==',
  ',',
  '+',
  '\\',
  '"',
  '#',
  ':',
  '::',
  '.',
  '/',
  '-',
  '-----',
  '\0',
  'é',
  '\ud800',
  '0',
  '00',
  '9'.repeat(20),
  '256',
  '1e999',
  '-0',
  'A',
  'AAAA',
  '{',
  '}',
  '[',
  ']',
  'null',
  '\n\n',
  '— ',
  '-----BEGIN X-----\n',
  '-----END X-----\n',
]

export function mutateText(random: Random, seed: Uint8Array): Uint8Array {
  let text = new TextDecoder().decode(seed)
  const json = text.startsWith('{') && random.chance(2) ? parseOr(text) : undefined
  if (json !== undefined) {
    for (let count = 1 + random.below(2); count > 0; count--) changeJson(random, json)
    return new TextEncoder().encode(JSON.stringify(json))
  }
  for (let count = 1 + random.below(3); count > 0; count--) {
    const at = random.below(text.length + 1)
    const end = Math.min(text.length, at + random.below(12))
    const inserted = random.chance(3) ? text.slice(at, end) : random.oneOf(pieces)
    const removed = random.chance(2) ? end : at
    const times = random.chance(400) ? 2_000 : 1
    text = text.slice(0, at) + inserted.repeat(times) + text.slice(removed)
  }
  return new TextEncoder().encode(text)
}

function parseOr(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const values = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  '',
  'x',
  'never',
  [],
  [[]],
  {},
  '99991231235959Z',
  '2.5.4.3',
]

/** Sets, removes or adds one member somewhere in the tree. */
function changeJson(random: Random, root: unknown): void {
  const holders = holdersIn(root)
  const holder = random.oneOf(holders)
  const keys = Object.keys(holder)
  if (keys.length === 0 || random.chance(6))
    Reflect.set(holder, 'stranger', structuredClone(random.oneOf(values)))
  else if (random.chance(4)) Reflect.deleteProperty(holder, random.oneOf(keys))
  else Reflect.set(holder, random.oneOf(keys), structuredClone(random.oneOf(values)))
}

function holdersIn(value: unknown): object[] {
  if (typeof value !== 'object' || value === null) return []
  return [value, ...Object.values(value).flatMap(holdersIn)]
}
