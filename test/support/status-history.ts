// SPDX-License-Identifier: Apache-2.0
/** A history of certificates that come and go, and the status files that are made of it as it goes on. */
import { newSerialNumber } from '#core/authority/draft.ts'
import type { Authority } from '#core/ledger/tables.ts'
import { type Before, planStatusFile } from '#core/status-files/plan-status-file.ts'
import { RowsInMemory, type TestRow } from '#core/status-files/status-files-testing.ts'
import {
  encodeStatusContent,
  encodeStatusFile,
  parseStatusFile,
  type StatusFile,
} from '#format/compact-status/status-file.ts'
import { buildBlock } from '#trust/compact-status/build-block.ts'
import { sha256 } from '#trust/digest.ts'
import type { Random } from '../fuzz/random.ts'

const start = Temporal.Instant.from('2026-11-22T12:00:00Z')
const daySeconds = 86_400
/** One of our own, one that came from elsewhere with its key, and one that signs elsewhere. */
const names = ['aut_a', 'aut_b', 'aut_elsewhere'] as const
type Name = (typeof names)[number]

export const keyOf = (name: string) => sha256(new TextEncoder().encode(name))

const holders = names
  .map((id) => {
    const record = {
      ...{ id, key: id === 'aut_elsewhere' ? null : 'key', createdAt: start },
      ...{ origin: id === 'aut_b' ? 'adopted' : null },
    }
    return { keySha256: keyOf(id), authorities: [record as unknown as Authority] }
  })
  .toSorted((left, right) => (left.keySha256.toHex() < right.keySha256.toHex() ? -1 : 1))

/** A world in which certificates come and go. */
export class World {
  readonly random: Random
  readonly rows = new RowsInMemory()
  readonly blockSize: number
  now = start
  before: Before | undefined

  constructor(random: Random, blockSize = 40) {
    this.random = random
    this.blockSize = blockSize
  }

  pass(seconds: number): void {
    this.now = this.now.add({ seconds })
  }

  issue(authority: Name, lifeDays: number): TestRow {
    const { now, random } = this
    const isForeign = authority === 'aut_elsewhere' || (authority === 'aut_b' && random.chance(6))
    const serialNumber = isForeign
      ? Uint8Array.of(1 + random.below(127), ...random.bytes(random.oneOf([7, 15, 15, 19])))
      : newSerialNumber(now, random)
    return this.rows.add({
      ...{ authority, serialNumber, state: 'fine' },
      notAfterMilliseconds: now.epochMilliseconds + lifeDays * daySeconds * 1000,
      reservedAtMilliseconds: now.epochMilliseconds,
    })
  }

  /** Mostly issuing, some endings, some releases, time that goes by. */
  live(): void {
    const { random, rows } = this
    const life = random.oneOf([3, 30, 30, 4000])
    for (let count = random.below(25); count > 0; count--) {
      this.pass(random.below(40))
      this.issue(random.oneOf(names), life)
    }
    for (let count = random.below(6); count > 0; count--) {
      const row = rows.all[random.below(rows.all.length + 1)]
      if (row !== undefined) row.state = random.oneOf(['held', 'revoked', 'fine', 'revoked'])
    }
    // Now and then a whole lot.
    if (random.chance(12)) for (const row of rows.all.slice(-30)) row.state = 'held'
    if (random.chance(6)) this.pass(random.below(4 * daySeconds))
    this.pass(1)
  }

  /** The next file, which covers all until now; nobody is asked whether its signature is good. */
  async make(before = this.before): Promise<Before> {
    const coversUntil = start.add({ seconds: Math.floor(this.now.since(start).total('seconds')) })
    const number = (before?.file.number ?? 0) + 1
    const { content, book } = await planStatusFile(
      { anchors: keyOf('anchors'), holders, number, madeAt: this.now, coversUntil },
      before,
      {
        rows: this.rows,
        build: async (...input) => buildBlock(...input),
        ...{ seed: this.random.bytes(32), blockSize: this.blockSize },
      },
    )
    const signed = encodeStatusContent({ ...content, expiresAt: this.now.add({ hours: 192 }) })
    const certificates = [Uint8Array.of(0x30, 0)]
    const bytes = encodeStatusFile(signed, [{ certificates, signature: this.random.bytes(64) }])
    return { file: parseStatusFile(bytes), book }
  }
}

export interface History {
  readonly files: readonly { readonly file: StatusFile }[]
  readonly certificates: readonly {
    readonly keySha256: Uint8Array
    readonly serialNumber: Uint8Array
  }[]
}

/** A few files of a long history, with every certificate that there was, and some that came after the last one. */
export async function randomHistory(random: Random): Promise<History> {
  const world = new World(random, 300)
  const files: Before[] = []
  for (let step = 0; step < 45; step++) {
    world.live()
    if (step % 15 !== 14) continue
    world.before = await world.make()
    files.push(world.before)
  }
  for (const name of names) world.issue(name, 30)
  const certificates = world.rows.all.map(({ authority, serialNumber }) => {
    return { keySha256: keyOf(authority), serialNumber }
  })
  return { files, certificates }
}
