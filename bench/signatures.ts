// SPDX-License-Identifier: Apache-2.0
/**
 * The walk over what devices signed: how fast it takes up history, with so many signatures in the table before, and
 * what issuing loses while it does.
 *
 *     node bench/signatures.ts [--known 1000000] [--count 5000] [--rounds 3]
 */
import { randomFillSync } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { parseArgs } from 'node:util'
import { SignatureWalk } from '#core/keywatch/nonces/walk-signatures.ts'
import { newId } from '#core/ledger/ids.ts'
import type { Put } from '#core/ledger/ledger.ts'
import type { Enrolment } from '#core/ledger/tables.ts'
import { databaseName } from '#edge/store/open-store.ts'
import { generateKey } from '#trust/private-key.ts'
import { SmallNonces } from '#trust/weak-keys/nonces/small-nonces.ts'
import {
  addPump,
  ask,
  expectDevice,
  issuedOf,
  openTestCore,
  type TestCore,
} from '../test/support/core.ts'
import { requestBy } from './tools/bench-house.ts'
import { atOnce, meter } from './tools/meter.ts'
import { median, type Row } from './tools/row.ts'
import { printRows } from './tools/table.ts'

export interface SignaturesOptions {
  /** Signatures in the table before. */
  readonly known: number
  /** Requests that are walked, and certificates that are issued, in a round. */
  readonly count: number
  readonly rounds: number
}

const never = new AbortController().signal
const inCommit = 1_000

export async function benchSignatures({ known, count, rounds }: SignaturesOptions): Promise<Row[]> {
  const core = await openTestCore()
  try {
    const pump = await addPump(core)
    const first = await expectDevice(core, pump, 'FIRST')
    issuedOf(await ask(core, first.credential, await generateKey('p-256')))
    const before = storeOctets(core)
    await fill(core, known)
    const octets = (storeOctets(core) - before) / known
    const walk = walkOf(core)
    await walk.run(never)
    const rates: number[] = []
    let own = 0
    for (let round = 0; round < rounds; round++) {
      await addEnrolments(core, count)
      const spent = await meter(async () => {
        if ((await walk.run(never)) !== count) throw new Error('not all of them were new')
      })
      rates.push(count / spent.seconds)
      own += spent.ownCpu / count / rounds
    }
    const { alone, beside } = await issuing(core, count, rounds)
    return [
      {
        ...{ name: `signatures walked, ${known.toLocaleString('en')} known`, unit: '/s' },
        value: Math.round(median(rates)),
        note: `without its pauses; processor: ${Math.round(own)} us main thread each`,
      },
      {
        ...{ name: 'a signature in the store', value: Math.round(octets), unit: 'octets' },
        note: 'P-256, with its indexes; SQLite',
      },
      {
        ...{ name: 'issue while history is walked', value: Math.round(beside), unit: '/s' },
        limit: { name: 'issue while nothing is walked', value: Math.round(alone) },
        note: 'P-256, 64 at a time; the walk goes at its own pace',
      },
    ]
  } finally {
    await core.close()
  }
}

/** What the database takes, whether it stands in the file already or in the journal. */
function storeOctets({ means }: TestCore): number {
  const path = join(means.configuration.data, databaseName)
  const database = new DatabaseSync(path, { readOnly: true })
  const read = 'SELECT page_count * page_size AS octets FROM pragma_page_count, pragma_page_size'
  const octets = Number(database.prepare(read).get()?.octets)
  database.close()
  return octets
}

function walkOf(core: TestCore, isPaced = false) {
  const pause = (milliseconds: number) =>
    new Promise<void>((resolve) =>
      isPaced && milliseconds > 0 ? setTimeout(resolve, milliseconds) : setImmediate(resolve),
    )
  // Of the machine, since a pace goes by it.
  const clock = { now: () => Temporal.Now.instant() }
  const nonces = { nonceOf: new SmallNonces().find, nonceTable: () => '' }
  const ports = { ...core, ...(isPaced && { clock }), ...nonces, pause }
  return new SignatureWalk(ports)
}

/** By turns alone and beside a walk over fresh history. */
async function issuing(core: TestCore, count: number, rounds: number) {
  const taken: { alone: number; beside: number }[] = []
  for (let round = 0; round < rounds; round++) {
    const alone = await issueSome(core, count, `A${round}`)
    await addEnrolments(core, count)
    const stop = new AbortController()
    const walking = walkOf(core, true).run(stop.signal)
    const beside = await issueSome(core, count, `B${round}`)
    stop.abort()
    await walking
    await walkOf(core).run(never)
    taken.push({ alone, beside })
  }
  const share = median(taken.map(({ alone, beside }) => beside / alone))
  return taken.find(({ alone, beside }) => beside / alone === share)!
}

async function issueSome(core: TestCore, count: number, name: string): Promise<number> {
  const pump = (await core.ledger.find('product', 'name', ['pump']))!
  const key = async () => requestBy(await generateKey('p-256'))
  const asked = await Promise.all(
    Array.from({ length: count }, async (_, at) => {
      const { credential } = await expectDevice(core, pump, `${name}-${at}`)
      return { credential, request: await key() }
    }),
  )
  const { seconds } = await meter(() =>
    atOnce(64, count, async (at) => {
      const { credential, request } = asked[at]!
      issuedOf(await ask(core, credential, request))
    }),
  )
  return count / seconds
}

/** Signatures as the walk keeps them, of chance. */
async function fill(core: TestCore, count: number): Promise<void> {
  const chance = (octets: number) => randomFillSync(new Uint8Array(octets))
  for (let done = 0; done < count; done += inCommit) {
    const puts = Array.from({ length: inCommit }, (): Put => {
      const r = chance(32)
      return {
        kind: 'signature',
        record: {
          ...{ id: newId('signature', core), version: 1, keyFingerprint: chance(32) },
          ...{ digest: chance(32), r, s: chance(32), mark: r.slice(0, 8) },
          ...{ enrolment: newId('enrolment', core), attestation: null, refusedOf: null },
          at: core.clock.now(),
        },
      }
    })
    await core.means.ledger.commit({ puts, events: [] })
  }
}

/** History as issuing leaves it: each request by another key. */
async function addEnrolments(core: TestCore, count: number): Promise<void> {
  const { items } = await core.ledger.list('enrolment', { limit: 1, descending: true })
  const like = items[0]!
  for (let done = 0; done < count; done += inCommit) {
    const puts = await Promise.all(
      Array.from({ length: Math.min(inCommit, count - done) }, async (): Promise<Put> => {
        const request = await requestBy(await generateKey('p-256'))
        const record: Enrolment = { ...like, id: newId('enrolment', core), version: 1, request }
        return { kind: 'enrolment', record }
      }),
    )
    await core.means.ledger.commit({ puts, events: [] })
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      known: { type: 'string', default: '1000000' },
      count: { type: 'string', default: '5000' },
      rounds: { type: 'string', default: '3' },
    },
  })
  const { known, count, rounds } = values
  printRows(
    await benchSignatures({ known: Number(known), count: Number(count), rounds: Number(rounds) }),
  )
}
