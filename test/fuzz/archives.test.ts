// SPDX-License-Identifier: Apache-2.0
/**
 * Images that are nearly right, form by form: a parser ends, throws nothing but FormatError, asks for a bounded number
 * of octets, and gives none that is not there.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { archiveTools } from '#edge/images/tools.ts'
import type { ArchiveForm, ArchiveTools, Member } from '#format/archive/archive.ts'
import type { ByteSource } from '#format/archive/byte-source.ts'
import { type FormatCode, FormatError } from '#format/format-error.ts'
import { archiveVectors } from '../support/archive-vectors.ts'
import { sharedSource } from '../support/containers.ts'
import { depthOfRun, Random, seedOfRun } from './random.ts'

const seed = seedOfRun()
/** Of each image: real ones are slow to walk, so that the run is short unless it is asked to be long. */
const inputs = 400 * depthOfRun()
/** What one image may cost at most: far above what any of these takes, far below what a lie could ask for. */
const most = { reads: 20_000, octets: 100_000_000, members: 2_000, contentOctets: 200_000 }

const values32 = [
  0, 1, 2, 3, 0x7f, 0xff, 0x100, 0xfff, 0x1000, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff,
]

/** One to three fields overwritten, and now and then an end cut off; where only zeros are, little can be meant. */
function mutate(random: Random, image: Uint8Array, places: readonly number[]): Uint8Array {
  const bytes = image.slice()
  const view = new DataView(bytes.buffer)
  for (let count = 1 + random.below(3); count > 0; count--) {
    const at = Math.min(bytes.length - 4, Math.max(0, random.oneOf(places) - random.below(4)))
    if (at < 0) continue
    const value = random.chance(3) ? random.bits() : random.oneOf(values32)
    switch (random.below(6)) {
      case 0:
        view.setUint32(at, value, true)
        break
      case 1:
        view.setUint16(at, value, random.chance(2))
        break
      case 2:
        bytes[at] = value
        break
      case 3:
        bytes[at]! ^= 1 << random.below(8)
        break
      case 4:
        view.setUint32(
          at,
          view.getUint32(at, true) + random.oneOf([1, -1, 4, -4, 512, 4_096]),
          true,
        )
        break
      default:
        bytes.copyWithin(at, random.oneOf(places), random.oneOf(places))
    }
  }
  return random.chance(10) ? bytes.slice(0, random.below(bytes.length)) : bytes
}

function counted(image: Uint8Array): ByteSource {
  const source = sharedSource(image)
  let [reads, octets] = [0, 0]
  return {
    size: image.length,
    async read(at, length) {
      assert.ok(Number.isSafeInteger(at) && at >= 0 && length >= 0, `read(${at}, ${length})`)
      octets += Math.min(length, image.length)
      assert.ok(++reads < most.reads && octets < most.octets, `${reads} reads, ${octets} octets`)
      return await source.read(at, length)
    },
  }
}

async function contentOf({ content }: Member, tools: ArchiveTools): Promise<void> {
  if (content === undefined) return
  const opened = 'kind' in content ? tools.open(content) : undefined
  const source = opened ?? (content as ByteSource)
  try {
    for (let at = 0, given = 0; given < most.contentOctets; ) {
      if (source.dataFrom !== undefined) {
        const next = source.dataFrom(at)
        assert.ok(next >= at || next === source.size, `data from ${at} is at ${next}`)
        at = Math.max(at, next)
      }
      const bytes = await source.read(at, 65_536)
      assert.ok(bytes.length <= 65_536)
      if (bytes.length === 0) return
      if (source.size !== undefined) assert.ok(at + bytes.length <= source.size)
      at += bytes.length
      given += bytes.length
    }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
  } finally {
    opened?.close()
  }
}

async function walk(form: ArchiveForm, image: Uint8Array, tools: ArchiveTools) {
  let count = 0
  try {
    for await (const member of form.members(counted(image), tools)) {
      if (++count > most.members) return 'many'
      assert.equal(typeof member.name, 'string')
      if (member.kind === 'unread') assert.notEqual(member.because, '')
      else await contentOf(member, tools)
    }
    return 'ended'
  } catch (error) {
    if (error instanceof FormatError) return error.code
    throw error
  }
}

for (const { name, form, bytes } of archiveVectors)
  test(`${name}: ${inputs} images that are nearly right are read, refused or named (FUZZ_SEED=${seed})`, async () => {
    const random = new Random(seed)
    const tools = archiveTools()
    const places = [...bytes.keys()].filter((at) => bytes[at] !== 0)
    const outcomes = new Map<FormatCode | 'many' | 'ended', number>()
    for (let count = 0; count < inputs; count++) {
      const image = mutate(random, bytes, places)
      if (!form.recognise(image.subarray(0, form.headOctets))) continue
      const outcome = await walk(form, image, tools).catch((error: Error) => {
        throw new Error(`input ${count}: ${error.message}`, { cause: error })
      })
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }
    assert.ok((outcomes.get('ended') ?? 0) > 0, 'none was read to its end')
  })
