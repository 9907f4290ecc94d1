// SPDX-License-Identifier: Apache-2.0
/**
 * Every parser of foreign bytes under inputs that are nearly right.
 *
 * What is checked of each input: only FormatError is thrown; what is accepted is encoded again to the same bytes, or
 * to bytes of the same meaning; and another implementation agrees, as the table below allows. Of the whole run: every
 * FormatError code, and every budget of every DER parser, was met. `FUZZ_SEED` repeats a run, `DEPTH` lengthens it.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { type Limits, limits } from '#format/der/budget.ts'
import { type FormatCode, FormatError, formatCodes } from '#format/format-error.ts'
import { formatVectors } from '../vectors/vector.ts'
import { inflateAll, mutateBytes, mutateDer } from './mutate.ts'
import { mutateText } from './mutate-text.ts'
import { depthOfRun, Random, seedOfRun } from './random.ts'
import { type Target, targetOf, targets } from './targets.ts'
import { textTargets } from './text-targets.ts'
import { type Node, parseForest, placesIn } from './tlv.ts'

const inputsPerTarget = 10_000 * depthOfRun()
const seed = seedOfRun()
const met = new Map<FormatCode, string>()

const certificate = formatVectors.find(({ name }) => name === 'openssl-idevid-certificate')!.bytes
const issuer = formatVectors.find(({ name }) => name === 'openssl-issuer-certificate')!.bytes

/** The parts of certificates that are targets of their own. */
const partsOf: Readonly<Record<string, readonly (readonly number[])[]>> = {
  name: [
    [0, 3],
    [0, 5],
  ],
  'public-key': [[0, 6]],
  extensions: [[0, 7, 0]],
}

function seedsOf(target: Target): readonly Uint8Array[] {
  if (target.seeds !== undefined) return target.seeds
  const parts = partsOf[target.name]
  if (parts !== undefined)
    return [certificate, issuer].flatMap((der) => parts.map((path) => partAt(der, path)))
  return formatVectors
    .filter(({ expect }) => expect === `${target.name} accepted`)
    .map(({ bytes }) => bytes)
}

/** The value at a path of child numbers, whole; both certificates have no surprises on the way. */
function partAt(der: Uint8Array, path: readonly number[]): Uint8Array {
  let [start, end] = contentOf(der, 0)
  for (const [depth, child] of path.entries()) {
    let at = start
    for (let index = 0; index < child; index++) at = contentOf(der, at)[1]
    const inside = contentOf(der, at)
    if (depth === path.length - 1) return der.subarray(at, inside[1])
    ;[start, end] = inside
  }
  return der.subarray(start, end)
}

function contentOf(der: Uint8Array, at: number): [number, number] {
  const first = der[at + 1]!
  const count = first < 0x80 ? 0 : first & 0x7f
  const length =
    first < 0x80
      ? first
      : der.subarray(at + 2, at + 2 + count).reduce((sum, octet) => sum * 256 + octet, 0)
  return [at + 2 + count, at + 2 + count + length]
}

/** What one parser made of all its inputs. */
interface Tally {
  accepted: number
  readonly refused: Map<FormatCode, number>
}

function check(target: Target, input: Uint8Array, tally: Tally): void {
  const refusal = refusalOf(() => target.parse(input))
  if (refusal !== undefined) {
    tally.refused.set(refusal.code, (tally.refused.get(refusal.code) ?? 0) + 1)
    met.set(refusal.code, target.name)
    assert.ok(refusal.offset >= 0 && refusal.offset <= input.length, `${refusal.message}: offset`)
    if (stricter[refusal.code]?.in.includes(target.name) !== true)
      assert.ok(target.oracle?.(input) !== true, `the other accepts: ${refusal.message}`)
    return
  }
  tally.accepted++
  const again = target.again(input)
  if (target.exact) assert.ok(isDeepStrictEqual(again, input), 'encoded to other bytes')
  else
    assert.ok(
      isDeepStrictEqual(target.parse(again), target.parse(input)),
      'encoded to another meaning',
    )
  if (target.oracle?.(input) ?? true) target.agrees?.(input)
  else assert.ok(looser[target.name], 'the other implementation refuses')
}

function refusalOf(attempt: () => unknown): FormatError | undefined {
  try {
    attempt()
    return undefined
  } catch (error) {
    if (error instanceof FormatError) return error
    throw error
  }
}

const all = ['certificate', 'private-key', 'public-key']
const two = ['certificate', 'private-key']
const one = ['certificate']

/** Allowed difference: what Node's OpenSSL accepts and we refuse, by our code; it... */
const stricter: Readonly<Partial<Record<FormatCode, { in: readonly string[]; because: string }>>> =
  {
    'bit-string-malformed': { in: all, because: 'masks unused bits that are set' },
    'boolean-not-canonical': { in: two, because: 'reads BER, where any octet but 00 is TRUE' },
    'default-encoded': { in: one, because: 'reads BER, where a default may be written' },
    'element-missing': {
      in: two,
      because: 'allows empty lists, and looks into extensions when asked',
    },
    'extension-duplicate': { in: one, because: 'leaves duplicates to path validation' },
    'extension-unknown-critical': { in: one, because: 'leaves them to path validation' },
    'indefinite-length': { in: all, because: 'reads BER' },
    'integer-malformed': { in: two, because: 'looks into extensions and attributes when asked' },
    'length-not-minimal': { in: all, because: 'reads BER' },
    'oid-malformed': { in: two, because: 'looks into extensions and attributes when asked' },
    'serial-number-wrong': { in: one, because: 'reads any integer' },
    'set-not-sorted': { in: two, because: 'reads BER, where a set has no order' },
    'signature-algorithm-differs': { in: one, because: 'compares them when it verifies' },
    'string-characters': { in: two, because: 'keeps strings as bytes' },
    'string-type-wrong': { in: one, because: 'takes any string type in a name' },
    'tag-not-expected': { in: two, because: 'looks into extensions and attributes when asked' },
    'time-malformed': { in: two, because: 'looks at times when asked' },
    'time-type-wrong': { in: one, because: 'takes either type for any year' },
    'too-deep': { in: two, because: 'has another limit, 30, and keeps ANY unread' },
    'too-large': { in: all, because: 'has no limit' },
    'too-many': { in: two, because: 'has no limit' },
    'trailing-bytes': { in: all, because: 'reads the first value of what it is given' },
    truncated: { in: two, because: 'looks into extensions and ANY when asked' },
    'value-not-allowed': { in: two, because: 'checks ranges and duplicates when asked' },
    'version-unknown': {
      in: two,
      because: 'reads certificates of version 1 and 2, and any number',
    },
  }

/** Allowed difference: we accept what Node's OpenSSL refuses, because we... */
const looser: Readonly<Record<string, string>> = {
  'private-key':
    'read the frame only; whether a key of the algorithm is in it is a question for trust',
  'public-key':
    'read the frame only; whether a key of the algorithm is in it is a question for trust',
}

function run(target: Target, inputs: number): Tally {
  const tally: Tally = { accepted: 0, refused: new Map() }
  const random = new Random(seed ^ hashOf(target.name))
  const seeds = seedsOf(target)
  assert.ok(seeds.length > 0, `${target.name} has no seed`)
  const forests = seeds.map((bytes) => parseForest(bytes))
  const foreign = foreignNodes()
  const sweep = sweepOf(target, random, forests)
  for (let count = 0; count < inputs; count++) {
    const at = random.below(seeds.length)
    const forest = forests[at]
    const swept = sweep.next()
    const input = !swept.done
      ? swept.value
      : target.limits !== undefined && forest !== undefined
        ? mutateDer(random, forest, foreign, target.limits)
        : target.binary === true || random.chance(4)
          ? mutateBytes(random, seeds[at]!)
          : mutateText(random, seeds[at]!)
    try {
      check(target, input, tally)
    } catch (error) {
      const shown = input.length > 400 ? `${input.length} bytes` : input.toHex()
      throw new Error(`${target.name}, FUZZ_SEED=${seed}, input ${count}: ${shown}`, {
        cause: error,
      })
    }
  }
  return tally
}

/** Every value of every seed nested too deep and made too many, where that is cheap: no budget is met by luck. */
function* sweepOf(
  target: Target,
  random: Random,
  forests: readonly (readonly Node[] | undefined)[],
): Generator<Uint8Array> {
  const { limits: budget } = target
  if (budget === undefined || budget.maxValues > 10_000) return
  for (const forest of forests) yield* inflateAll(random, forest ?? [], budget)
}

function hashOf(name: string): number {
  return [...name].reduce((hash, letter) => (Math.imul(hash, 31) + letter.charCodeAt(0)) | 0, 7)
}

let nodes: readonly Node[] | undefined
/** Values of all vectors, to be grafted into each other. */
function foreignNodes(): readonly Node[] {
  nodes ??= formatVectors
    .flatMap(({ bytes }) => placesIn(parseForest(bytes) ?? []))
    .map(({ node }) => node)
  return nodes
}

for (const target of [...targets, ...textTargets])
  test(`${target.name} stands ${inputsPerTarget} inputs, seed ${seed}`, (context) => {
    const { accepted, refused } = run(target, inputsPerTarget)
    const codes = [...refused]
      .sort((a, b) => b[1] - a[1])
      .map(([code, count]) => `${code} ${count}`)
    context.diagnostic(`${target.name}: accepted ${accepted}, ${codes.join(', ')}`)
    assert.ok(accepted > 0, 'some inputs were accepted')
    if (target.limits === undefined || target.limits === limits.crl) return
    for (const budget of ['too-deep', 'too-large', 'too-many'] as const)
      assert.ok(
        refused.has(budget) ||
          (target.name === 'name' && budget === 'too-deep') ||
          (target.fixed === true && budget !== 'too-large'),
        `the budget ${budget} was met`,
      )
  })

test('the budgets of a CRL are met too', () => {
  const { parse } = targetOf('crl')
  const { maxBytes, maxDepth, maxValues }: Limits = limits.crl
  /** A list whose algorithm has these parameters. */
  const crlOf = (parameters: Uint8Array) =>
    wrap(
      0x30,
      wrap(
        0x30,
        join(Uint8Array.of(2, 1, 1), wrap(0x30, join(Uint8Array.of(6, 1, 42), parameters))),
      ),
    )
  assert.throws(() => parse(new Uint8Array(maxBytes + 1)), { code: 'too-large' })
  assert.throws(
    () =>
      parse(
        crlOf(
          wrap(
            0x30,
            new Uint8Array(maxValues * 2).map((_, index) => (index % 2 === 0 ? 5 : 0)),
          ),
        ),
      ),
    { code: 'too-many' },
  )
  let nested: Uint8Array = Uint8Array.of(5, 0)
  for (let depth = 0; depth < maxDepth; depth++) nested = wrap(0x30, nested)
  assert.throws(() => parse(crlOf(nested)), { code: 'too-deep' })
})

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

function wrap(tag: number, content: Uint8Array): Uint8Array {
  const hex = content.length.toString(16)
  const octets = Uint8Array.fromHex(hex.length % 2 === 0 ? hex : `0${hex}`)
  const length = content.length < 0x80 ? octets : Uint8Array.of(0x80 | octets.length, ...octets)
  return join(Uint8Array.of(tag), length, content)
}

/** Codes that no target of this table can meet. */
const elsewhere: readonly string[] = ['csv-malformed']

after(() => {
  const missing = Object.keys(formatCodes).filter(
    (code) => !elsewhere.includes(code) && !met.has(code as FormatCode),
  )
  assert.deepEqual(missing, [], `codes that no input met, FUZZ_SEED=${seed}`)
})
