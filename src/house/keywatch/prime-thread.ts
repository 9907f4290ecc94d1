// SPDX-License-Identifier: Apache-2.0
/** A thread of the watch on primes: all its arithmetic, and the reading and writing of its large files. */
import { constants, setPriority } from 'node:os'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { Fault } from '#core/fault.ts'
import { findHits, positionsSharing } from '#trust/weak-keys/shared-primes/common-factors.ts'
import { greatestCommonDivisor } from '#trust/weak-keys/shared-primes/greatest-common-divisor.ts'
import { nameSharedPrimes } from '#trust/weak-keys/shared-primes/name-shared-primes.ts'
import { numberOf } from '#trust/weak-keys/shared-primes/octets.ts'
import { growTree, type ProductTree } from '#trust/weak-keys/shared-primes/product-tree.ts'
import { readFramed, UnusableFile } from './framed-file.ts'
import { idAt, type KeysBody, parseKeys } from './keys-file.ts'
import { numberFrom, octetsOf } from './number-octets.ts'
import { readBranches, readProduct, writeBranches, writeProduct } from './subset-files.ts'
import type {
  Branch,
  GrownTree,
  KeysPart,
  Question,
  Questions,
  SharingKey,
  SubsetFiles,
} from './thread-messages.ts'

/** A branch has this many bits at the least, or is the whole tree. */
const branchBits = 2 ** 20
/** With factors of no more bits, a branch is asked as a whole before its keys are. */
const fewFactorBits = 2 ** 15
/** So much work is told at once. */
const toldBits = 2 ** 26

interface Control {
  /** One word: 1 while all threads are to wait. */
  readonly paused: Int32Array
}

interface HeldTree {
  readonly tree: ProductTree
  readonly keys: readonly SharingKey[]
}

if (parentPort === null) throw new Error('this file is a thread of the house')
// On Linux this is the priority of this thread alone; elsewhere it would be that of the whole house.
if (process.platform === 'linux') setPriority(constants.priority.PRIORITY_LOW)
answer(parentPort, workerData)

function answer(port: MessagePort, { paused }: Control) {
  let held: HeldTree | undefined
  let untold = 0
  const pace = (bits: number) => {
    untold += bits
    if (untold >= toldBits) {
      port.postMessage({ worked: untold })
      untold = 0
    }
    Atomics.wait(paused, 0, 1)
  }
  const answers: {
    [Kind in keyof Questions]: (ask: Questions[Kind]['ask']) => Promise<Questions[Kind]['answer']>
  } = {
    async grow({ parts }) {
      const keys = await keysOf(parts)
      held = {
        keys,
        tree: growTree(
          keys.map(({ modulus }) => numberOf(modulus)),
          pace,
        ),
      }
      return grownTree(held.tree)
    },
    async find({ sibling, others }) {
      if (held === undefined) throw new Error('no tree was grown')
      const { tree, keys } = held
      held = undefined
      let product = sibling === undefined ? 1n : numberFrom(sibling) % tree.root.value
      for (const other of others) {
        const factor = numberFrom(await readProduct(other)) % tree.root.value
        product = product === 1n ? factor : (product * factor) % tree.root.value
        pace(tree.root.bits)
      }
      const hits = findHits(tree, product, pace)
      const divisors = new Set(hits.map(({ divisor }) => divisor))
      return {
        sharing: hits.map(({ position }) => keys[position]!),
        divisors: octetsOf([...divisors].reduce((all, one) => all * one, 1n)),
      }
    },
    async descend({ subset, factors }) {
      const all = factors.reduce((product, one) => product * numberFrom(one), 1n)
      return { sharing: await sharingIn(subset, all, pace) }
    },
    async join({ subset, parts }) {
      const trees = await Promise.all(parts.map(treeOf))
      const product = trees.reduce((all, tree) => all * numberFrom(tree.product), 1n)
      await writeProduct(subset, octetsOf(product))
      await writeBranches(
        subset,
        trees.flatMap(({ branches }) => branches),
      )
      return {}
    },
    async check({ subset }) {
      return { unusable: await unusableOf(subset) }
    },
    async name({ file }) {
      const keys = parseKeys((await readFramed('keys', file)).body)
      return {
        shared: nameSharedPrimes(Array.from({ length: keys.count }, (_, at) => keyAt(keys, at))),
      }
    },
  }
  let turn = Promise.resolve()
  port.on('message', ({ kind, ...ask }: Question) => {
    turn = turn.then(async () => {
      const verb = answers[kind] as (ask: unknown) => Promise<unknown>
      try {
        port.postMessage({ answer: await verb(ask) })
      } catch (broken) {
        held = undefined
        // What a thread is told of an error is its words alone.
        const isFull = broken instanceof Fault && broken.code === 'store-full'
        port.postMessage({ broken, isFull })
      }
    })
  })
}

function keyAt(keys: KeysBody, position: number): SharingKey {
  return { id: idAt(keys, position), modulus: keys.modulus(position).slice() }
}

async function keysOf(parts: readonly KeysPart[]): Promise<SharingKey[]> {
  const found: SharingKey[] = []
  for (const { file, from, to } of parts) {
    const keys = parseKeys((await readFramed('keys', file)).body)
    for (let position = from; position < to; position++) found.push(keyAt(keys, position))
  }
  return found
}

/** Its product, and its branches: the lowest level of the tree whose products are large enough to be worth a file. */
function grownTree({ root, levels, moduli }: ProductTree): GrownTree {
  const level = levels.findIndex((nodes) => (nodes[0]?.bits ?? 0) >= branchBits)
  const nodes = levels[level === -1 ? levels.length - 1 : level] ?? []
  const span = 64 * 2 ** (level === -1 ? levels.length - 1 : level)
  return {
    product: octetsOf(root.value),
    branches: nodes.map(
      ({ value }, at): Branch => ({
        keys: Math.min(span, moduli.length - at * span),
        product: octetsOf(value),
      }),
    ),
  }
}

async function treeOf(part: SubsetFiles | GrownTree): Promise<GrownTree> {
  if ('product' in part) return part
  return { product: await readProduct(part), branches: await readBranches(part) }
}

async function sharingIn(
  subset: SubsetFiles,
  factors: bigint,
  pace: (bits: number) => void,
): Promise<SharingKey[]> {
  const keys = parseKeys((await readFramed('keys', `${subset.path}.keys`)).body)
  const few = factors < 1n << BigInt(fewFactorBits)
  const sharing: SharingKey[] = []
  let from = 0
  for (const branch of await readBranches(subset)) {
    const positions = Array.from({ length: branch.keys }, (_, at) => from + at)
    from += branch.keys
    pace(branch.product.length * 8)
    if (few && greatestCommonDivisor(numberFrom(branch.product) % factors, factors) === 1n) continue
    const tree = growTree(
      positions.map((position) => numberOf(keys.modulus(position))),
      pace,
    )
    for (const at of positionsSharing(tree, factors, pace))
      sharing.push(keyAt(keys, positions[at]!))
  }
  return sharing
}

async function unusableOf(subset: SubsetFiles): Promise<string | undefined> {
  try {
    await readProduct(subset)
    await readBranches(subset)
    return undefined
  } catch (error) {
    if (error instanceof UnusableFile) return error.message
    throw error
  }
}
