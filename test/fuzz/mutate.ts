// SPDX-License-Identifier: Apache-2.0
/** Changes to well-formed input, each small, so that parsers are entered deeply before they refuse. */
import type { Limits } from '#format/der/budget.ts'
import type { Random } from './random.ts'
import { concat, copyOf, encodeForest, type Node, type Place, placesIn } from './tlv.ts'

const tags = [
  0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0a, 0x0c, 0x13, 0x14, 0x16, 0x17, 0x18, 0x1a, 0x1c, 0x1e,
  0x1f, 0x30, 0x31, 0x24, 0x80, 0x81, 0x82, 0x86, 0x87, 0xa0, 0xa1, 0xa2, 0xa3, 0x00,
]
const lengths = ['long', 'indefinite', 'too-great', 'five-octets'] as const
const texts = [
  '',
  'DE',
  'a\0b',
  'a*',
  'é',
  '49123123595',
  '491231235959Z',
  '500101000000Z',
  '20491231235959Z',
  '20500101000000Z',
  '99991231235959Z',
  '260230000000Z',
  '260101000000+0100',
  '20500101000000.5Z',
  '#0500',
  '.example.com',
  ' a  B ',
].map((text) => new TextEncoder().encode(text))

type Change = (
  random: Random,
  place: Place,
  all: readonly Place[],
  foreign: readonly Node[],
) => void

const changes: readonly Change[] = [
  function retag(random, { node }) {
    node.tag = random.oneOf(tags)
  },
  function flipBit(random, { node }) {
    replaceContent(node, (content) => {
      if (content.length > 0) content[random.below(content.length)]! ^= 1 << random.below(8)
      return content
    })
  },
  function setEdge(random, { node }) {
    replaceContent(node, (content) => {
      const at = random.chance(2) ? 0 : content.length - 1
      if (at in content) content[at] = random.oneOf([0, 1, 7, 8, 0x7f, 0x80, 0xff])
      return content
    })
  },
  function prepend(random, { node }) {
    replaceContent(node, (content) =>
      concat([Uint8Array.of(random.oneOf([0, 1, 0x80, 0xff])), content]),
    )
  },
  function append(random, { node }) {
    replaceContent(node, (content) => concat([content, random.bytes(1 + random.below(3))]))
  },
  function shorten(random, { node }) {
    replaceContent(node, (content) => content.slice(0, random.below(content.length + 1)))
  },
  function retext(random, { node }) {
    replaceContent(node, () => random.oneOf(texts))
  },
  function retime(random, { node }) {
    if (node.tag !== 0x17 && node.tag !== 0x18) return
    node.tag = 0x18
    replaceContent(node, () => random.oneOf(texts))
  },
  function empty(_, { node }) {
    node.children = undefined
    node.content = new Uint8Array()
  },
  function remove(_, { list, index }) {
    list.splice(index, 1)
  },
  function repeat(_, { node, list, index }) {
    list.splice(index, 0, copyOf(node))
  },
  function swap(random, { node, list, index }) {
    const other = random.below(list.length)
    list[index] = list[other]!
    list[other] = node
  },
  function graft(random, { list, index }, all) {
    list[index] = copyOf(random.oneOf(all).node)
  },
  function graftForeign(random, { list, index }, _, foreign) {
    list[index] = copyOf(random.oneOf(foreign))
  },
  function insertDefault(random, { list, index }) {
    list.splice(index, 0, leaf(0x01, Uint8Array.of(random.oneOf([0, 1, 0xff]))))
  },
  function misstateLength(random, { node }) {
    node.length = random.oneOf(lengths)
  },
]

/** What makes input great: each costs a thousand times the others, and comes as rarely. */
const balloons = {
  nest({ node, list, index }: Place, { maxDepth }: Limits, random: Random, side = random.below(2)) {
    let inner = copyOf(node)
    for (let depth = maxDepth + random.below(3) - 1; depth > 0; depth--)
      inner = { ...leaf(0x30, new Uint8Array()), children: [inner] }
    list.splice(index + side, 1 - side, inner)
  },
  multiply({ node, list, index }: Place, { maxBytes }: Limits, random: Random) {
    const one = { ...copyOf(node), times: 1 }
    const fitting = Math.floor((maxBytes / encodeForest([one]).length) * 0.9)
    const times = Math.min(fitting, 1 + random.below(30_000))
    list.splice(index, 0, { ...one, times: Math.max(1, times) })
  },
  sprinkle(
    { list, index }: Place,
    { maxValues, maxBytes }: Limits,
    random: Random,
    side = random.below(2),
  ) {
    const times = Math.min(maxValues, maxBytes / 2 - 4_000, 60_000)
    const nulls = { ...leaf(0x05, new Uint8Array()), times }
    const inner = { ...leaf(0x30, new Uint8Array()), children: [nulls] }
    list.splice(index + side, 1 - side, inner)
  },
  bloat({ node }: Place, { maxBytes }: Limits) {
    node.children = undefined
    node.content = new Uint8Array(Math.min(maxBytes, 2_000_000))
  },
}
const balloonNames = ['nest', 'multiply', 'sprinkle', 'bloat'] as const

/** The seed with each value in turn, and then each place after one, taken by what is too deep or too many. */
export function* inflateAll(
  random: Random,
  seed: readonly Node[],
  limits: Limits,
): Generator<Uint8Array> {
  const count = placesIn([...seed]).length
  for (let place = 0; place < count; place++)
    for (const side of [0, 1])
      for (const balloon of ['nest', 'sprinkle'] as const) {
        const forest = seed.map(copyOf)
        balloons[balloon](placesIn(forest)[place]!, limits, random, side)
        yield encodeForest(forest)
      }
}

function leaf(tag: number, content: Uint8Array): Node {
  return {
    tag,
    prefix: new Uint8Array(),
    children: undefined,
    content,
    length: 'minimal',
    times: 1,
  }
}

function replaceContent(node: Node, change: (content: Uint8Array) => Uint8Array): void {
  const content = node.children === undefined ? node.content : encodeForest(node.children)
  node.content = change(concat([node.prefix, content]))
  node.children = undefined
}

/** One to three changes of the tree of `seed`, and now and then of its bytes. */
export function mutateDer(
  random: Random,
  seed: readonly Node[],
  foreign: readonly Node[],
  limits: Limits,
): Uint8Array {
  const forest = seed.map(copyOf)
  for (let count = 1 + random.below(3); count > 0; count--) {
    const places = placesIn(forest)
    if (places.length === 0) break
    const place = random.oneOf(places)
    if (count === 1 && random.chance(100))
      balloons[random.oneOf(balloonNames)](place, limits, random)
    else random.oneOf(changes)(random, place, places, foreign)
  }
  return random.chance(20) ? mutateBytes(random, encodeForest(forest)) : encodeForest(forest)
}

/** A byte changed, added or cut off anywhere, whatever it means. */
export function mutateBytes(random: Random, bytes: Uint8Array): Uint8Array {
  const at = random.below(bytes.length + 1)
  const before = bytes.subarray(0, at)
  switch (random.below(5)) {
    case 0:
      return before
    case 1:
      return concat([bytes, random.bytes(1 + random.below(4))])
    case 2:
      return concat([before, random.bytes(1), bytes.subarray(at)])
    case 3:
      return concat([before, bytes.subarray(at + 1 + random.below(8))])
    default:
      return concat([before, random.bytes(1), bytes.subarray(at + 1)])
  }
}
