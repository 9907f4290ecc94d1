// SPDX-License-Identifier: Apache-2.0
/** Signed boot images under mutation: whatever is changed, nothing breaks, and what a device would run is never taken for genuine. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memorySource } from '#format/archive/byte-source.ts'
import { sameBytes } from '#format/bytes.ts'
import type { NewFdtNode } from '#format/firmware/boot/fdt-write.ts'
import { FormatError } from '#format/format-error.ts'
import { espForm } from '#trust/artefact/esp-secure-boot-v2/esp.ts'
import type { ArtefactForm } from '#trust/artefact/form.ts'
import { mcubootForm } from '#trust/artefact/mcuboot/mcuboot.ts'
import { fitForm } from '#trust/artefact/uboot-fit/fit.ts'
import { espApplication } from '../support/artefacts/esp-corruptions.ts'
import { changeNode, devicetree, plainFit, takeTree } from '../support/artefacts/fit.ts'
import { signed, signerOf, trustIn } from '../support/artefacts/signed.ts'
import { depthOfRun, Random, seedOfRun } from './random.ts'

const seed = seedOfRun()
const signer = await signerOf('p-256')
const payload = new Uint8Array(200).fill(7)
const header = { version: '1.0.0', padHeader: true, securityCounter: '1', value: ['0x00a0:01'] }

interface Case {
  /** At depth 1: a tree takes longest to read. */
  readonly rounds: number
  // biome-ignore lint/suspicious/noExplicitAny: forms with choices of their own, none of which are chosen below
  readonly form: ArtefactForm<any>
  readonly image: Uint8Array
  /** Octets of the places where chance is worth spending. */
  readonly places: readonly (readonly [from: number, to: number])[]
  /** Whether what a device runs is the same as before. */
  readonly isSame: (image: Uint8Array, changed: Uint8Array) => Promise<boolean>
}

const same = async (image: Uint8Array, changed: Uint8Array) => sameBytes(image, changed)
const boot = await signed(mcubootForm, payload, header, [signer])
const esp = await signed(espForm, espApplication(payload), {}, [signer])
const fit = await signed(fitForm, devicetree(plainFit()), {}, [signer])

const cases: readonly Case[] = [
  { form: mcubootForm, rounds: 400, image: boot, places: [[0, boot.length]], isSame: same },
  {
    form: espForm,
    rounds: 400,
    image: esp,
    places: [
      [0, 700],
      [4_096, 4_300],
      [5_280, 5_320],
    ],
    isSame: same,
  },
  {
    form: fitForm,
    rounds: 120,
    image: fit,
    places: [
      [0, 500],
      [3_100, fit.length],
    ],
    isSame: sameStart,
  },
]

/** Signatures and the usual choice may say something else, as nothing covers them; so may what fills the tree. */
async function sameStart(image: Uint8Array, changed: Uint8Array): Promise<boolean> {
  const started = (tree: NewFdtNode) => {
    const bare = changeNode(tree, '/configurations/conf-1', (node) => ({ ...node, children: [] }))
    return changeNode(bare, '/configurations', (node) => ({ ...node, properties: [] }))
  }
  const [one, other] = [started(await takeTree(image)), started(await takeTree(changed))]
  return sameBytes(devicetree(one), devicetree(other))
}

for (const { form, image, places, isSame, rounds: usual } of cases) {
  const rounds = usual * depthOfRun()
  test(`${form.name} holds under ${rounds} changes (FUZZ_SEED=${seed})`, async () => {
    const random = new Random(seed)
    const reasons = new Set<string>()
    const trust = trustIn([signer])
    for (let round = 0; round < rounds; round++) {
      const bytes = mutated(image, places, random)
      const source = memorySource(bytes)
      await form.recognise(source)
      await form.inspect(source).catch(expectFormat)
      const plan = await form.plan(source, {}, [signer])
      assert.ok(plan.kind === 'plan' || plan.detail !== '')
      const verdict = await form.verify(source, trust)
      if (verdict.kind === 'refused') reasons.add(verdict.reason)
      else assert.ok(await isSame(image, bytes), `round ${round} is genuine`)
    }
    assert.ok(reasons.size > 3, [...reasons].join(', '))
  })
}

function expectFormat(error: unknown): void {
  assert.ok(error instanceof FormatError, String(error))
}

function mutated(image: Uint8Array, places: Case['places'], random: Random): Uint8Array {
  const bytes = random.chance(8) ? image.slice(0, random.below(image.length)) : image.slice()
  for (let change = random.below(3); change >= 0; change--) {
    const [from, to] = random.oneOf(places)
    const at = from + random.below(to - from)
    if (at >= bytes.length) continue
    bytes[at] = random.chance(2) ? random.oneOf([0, 1, 0x7f, 0x80, 0xff]) : random.below(256)
  }
  return bytes
}
