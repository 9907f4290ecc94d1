// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readTlogRows } from '../../../test/tlog-vectors.ts'
import { emptyTreeHash, leafHash, treeHash } from './merkle.ts'
import { verifyConsistency, verifyInclusion } from './proof.ts'
import { proveConsistency, proveInclusion } from './prove.ts'
import { MTH, PATH, PROOF } from './reference-testing.ts'
import { growTree, hashesAtLevel, rootOf, type TileReader } from './tiles.ts'

const small = readTlogRows('tree-hashes-small')
const entries = small.slice(1).map(([entry = '']) => Uint8Array.fromHex(entry.replaceAll('"', '')))
const roots = small.map(([, root = '']) => Uint8Array.fromHex(root))

/** A tree in tiles, grown in batches as a log grows; reads are strict about what was written. */
class TiledTree {
  readonly #tiles = new Map<string, Uint8Array>()
  size = 0
  root = emptyTreeHash

  readonly read: TileReader = async (level, index, width) => {
    const tile = this.#tiles.get(`${level}/${index}`)
    assert.ok(tile !== undefined && tile.length >= width * 32, `tile ${level}/${index}.p/${width}`)
    return tile
  }

  async grow(leaves: readonly Uint8Array[]): Promise<void> {
    const grown = await growTree(this.size, leaves, this.read)
    for (const { level, index, hashes } of grown.tiles) {
      const before = this.#tiles.get(`${level}/${index}`) ?? new Uint8Array()
      assert.deepEqual(hashes.slice(0, before.length), before, 'a tile only grows')
      this.#tiles.set(`${level}/${index}`, hashes)
    }
    this.size = grown.size
    this.root = grown.root
  }

  get tileCount(): number {
    return this.#tiles.size
  }
}

async function grown(batches: readonly number[]): Promise<{ tree: TiledTree; all: Uint8Array[] }> {
  const tree = new TiledTree()
  const all: Uint8Array[] = []
  for (const count of batches) {
    const batch = Array.from({ length: count }, (_, at) => numbered(all.length + at))
    await tree.grow(batch.map(leafHash))
    all.push(...batch)
  }
  return { tree, all }
}

/** As in the vectors of large trees: low byte first. */
function numbered(index: number): Uint8Array {
  return Uint8Array.of(index & 0xff, (index >> 8) & 0xff)
}

const batchSizes = fc.array(fc.oneof(fc.nat(9), fc.integer({ min: 200, max: 600 })), {
  maxLength: 6,
})

test('gives the tree hashes that Certificate Transparency has published', () => {
  for (const [size, root] of roots.entries()) {
    assert.deepEqual(treeHash(entries.slice(0, size).map(leafHash)), root, `size ${size}`)
  }
})

test('gives the published hashes of large trees, from tiles grown in batches', async () => {
  const { tree } = await grown([10, 5, 1, 84, 155, 1, 744, 3095, 1, 5904, 55535])
  for (const [size = '', root] of readTlogRows('tree-hashes-large')) {
    const found = await rootOf(Number(size), tree.read)
    assert.equal(found.toBase64(), root, `size ${size}`)
  }
  assert.equal(tree.size, 65535)
})

test('a tree of 70,000 has the tiles that the specification counts', async () => {
  const { tree } = await grown([70_000])
  // C2SP tlog-tiles, Partial Tiles: 273 full and one of 112; one full and one of 17; one of 1.
  assert.equal(tree.tileCount, 274 + 2 + 1)
  assert.deepEqual(
    [0, 1, 2, 3].map((level) => hashesAtLevel(70_000, level) % 256),
    [112, 17, 1, 0],
  )
})

test('agrees with the recursive definition of the tree hash, however the log grew', async () => {
  await fc.assert(
    fc.asyncProperty(batchSizes, async (batches) => {
      const { tree, all } = await grown(batches)
      assert.deepEqual(tree.root, MTH(all))
      assert.deepEqual(treeHash(all.map(leafHash)), MTH(all))
    }),
    { numRuns: 40 },
  )
})

test('gives the published proofs, and they verify', async () => {
  const tree = new TiledTree()
  await tree.grow(entries.map(leafHash))
  for (const [kind, first = '', size = '', ...hashes] of readTlogRows('proofs')) {
    const proof = hashes.map((hash) => Uint8Array.fromHex(hash))
    const [m, n] = [Number(first), Number(size)]
    const head = { size: n, root: roots[n]! }
    if (kind === 'inclusion') {
      assert.deepEqual(await proveInclusion(m, n, tree.read), proof)
      assert.ok(verifyInclusion(leafHash(entries[m]!), m, head, proof))
    } else {
      assert.deepEqual(await proveConsistency(m, n, tree.read), proof)
      assert.ok(verifyConsistency({ size: m, root: roots[m]! }, head, proof))
    }
  }
})

test('inclusion proofs from tiles are PATH, verify, and verify nothing else', async () => {
  const { tree, all } = await grown([700])
  const property = fc.asyncProperty(
    fc.integer({ min: 1, max: 700 }),
    fc.nat(699),
    fc.nat(699),
    async (size, first, other) => {
      const index = first % size
      const proof = await proveInclusion(index, size, tree.read)
      assert.deepEqual(proof, PATH(index, all.slice(0, size)))
      const head = { size, root: MTH(all.slice(0, size)) }
      const leaf = leafHash(all[index]!)
      assert.ok(verifyInclusion(leaf, index, head, proof))
      if (other !== index) {
        assert.ok(!verifyInclusion(leaf, other, head, proof))
        assert.ok(!verifyInclusion(leafHash(all[other]!), index, head, proof))
      }
      for (const wrong of corrupted(proof, head.root)) {
        assert.ok(!verifyInclusion(leaf, index, head, wrong))
      }
      assert.ok(!verifyInclusion(leaf, index, { size, root: emptyTreeHash }, proof))
    },
  )
  await fc.assert(property, { numRuns: 60 })
})

test('consistency proofs from tiles are PROOF, verify, and verify nothing else', async () => {
  const { tree, all } = await grown([700])
  const property = fc.asyncProperty(
    fc.integer({ min: 1, max: 700 }),
    fc.integer({ min: 1, max: 700 }),
    async (one, two) => {
      const [earlier, size] = [Math.min(one, two), Math.max(one, two)]
      const proof = await proveConsistency(earlier, size, tree.read)
      assert.deepEqual(proof, PROOF(earlier, all.slice(0, size)))
      const before = { size: earlier, root: MTH(all.slice(0, earlier)) }
      const after = { size, root: MTH(all.slice(0, size)) }
      assert.ok(verifyConsistency(before, after, proof))
      for (const wrong of corrupted(proof, after.root)) {
        assert.ok(!verifyConsistency(before, after, wrong))
      }
      if (earlier === size) return
      assert.ok(!verifyConsistency(after, before, proof))
      assert.ok(!verifyConsistency({ size: earlier, root: after.root }, after, proof))
      assert.ok(!verifyConsistency(before, { size, root: before.root }, proof))
    },
  )
  await fc.assert(property, { numRuns: 60 })
})

test('every tree continues the empty one, by an empty proof only', async () => {
  const { tree } = await grown([5])
  assert.deepEqual(await proveConsistency(0, 5, tree.read), [])
  const empty = { size: 0, root: emptyTreeHash }
  assert.ok(verifyConsistency(empty, tree, []))
  assert.ok(!verifyConsistency(empty, tree, [tree.root]))
  assert.ok(!verifyConsistency({ size: 0, root: tree.root }, tree, []))
})

test('a proof is neither made nor accepted for what is not in the tree', async () => {
  const { tree, all } = await grown([5])
  await assert.rejects(proveInclusion(5, 5, tree.read), RangeError)
  await assert.rejects(proveConsistency(6, 5, tree.read), RangeError)
  const leaf = leafHash(all[0]!)
  const proof = await proveInclusion(0, 5, tree.read)
  for (const index of [-1, 0.5, 5, Number.NaN, 2 ** 60]) {
    assert.ok(!verifyInclusion(leaf, index, tree, proof))
  }
  for (const index of [-1, 0.5, 6, Number.NaN, 2 ** 60]) {
    assert.ok(!verifyConsistency({ size: index, root: tree.root }, tree, []))
  }
})

function* corrupted(proof: readonly Uint8Array[], other: Uint8Array) {
  yield [...proof, other]
  yield [other, ...proof]
  for (const [at, hash] of proof.entries()) {
    yield proof.toSpliced(at, 1)
    yield proof.with(at, hash.with(0, hash[0]! ^ 8))
  }
}
