// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCrl } from '#format/x509/crl.ts'
import { readExtension } from '#format/x509/extension.ts'
import { Random, seedOfRun } from '../../../test/fuzz/random.ts'
import { type TestCore, withCore } from '../../../test/support/core.ts'
import {
  act,
  acts,
  book,
  combined,
  deltaCrl,
  type Entries,
  entriesOf,
  fullCrl,
  fullNumbered,
  issuingOf,
  listOf,
  sample,
} from '../../../test/support/lists.ts'
import { noShard, onNoList } from '../ledger/shards.ts'
import type { CertificateRecord } from '../ledger/tables.ts'

const shards = [0, 1, 2]

/** What a list of now has to say, by the records alone. */
class Oracle {
  readonly all = new Map<string, CertificateRecord>()

  take(records: readonly CertificateRecord[]): void {
    for (const record of records) this.all.set(record.id, record)
  }

  /** Everything that is revoked or held; of `ended`, entries may have left. */
  listed(has: (one: CertificateRecord) => boolean): Entries {
    const rows = [...this.all.values()]
      .filter((one) => one.revokedAt !== null && one.shard !== onNoList && has(one))
      .map(({ serialNumber, revokedAt, revocationReason }): [string, string] => {
        const second = revokedAt?.round({ smallestUnit: 'second', roundingMode: 'floor' })
        return [serialNumber.toHex(), `${second} ${revocationReason}`]
      })
    return new Map(rows.sort())
  }
}

const only = (entries: Entries, of: Entries): Entries =>
  new Map([...entries].filter(([serial]) => of.has(serial)))

test('shards together are the full list, and that is its base with the delta, whatever happened', async () => {
  const seed = seedOfRun()
  const random = new Random(seed)
  await withCore(async (core) => {
    const like = await sample(core)
    const oracle = new Oracle()
    oracle.take([like])
    oracle.take(
      await book(
        core,
        like,
        shards.map((shard) => ({ shard })),
      ),
    )
    const fulls = new Map<number, Uint8Array>()
    const said = new Map<number, string>()
    let numbers: readonly number[] = [0, 0]
    for (let step = 0; step < 45; step++) {
      const told = `seed ${seed}, step ${step}`
      await happen(core, like, oracle, random)
      if (random.chance(6)) core.clock.pass({ hours: random.oneOf([1, 13, 25, 200]) })
      const now = core.clock.now()
      const stays = (one: CertificateRecord) =>
        Temporal.Instant.compare(one.notAfter, now) > 0 || one.kind === 'signer'
      const [full, delta] = [await listOf(core, fullCrl), await listOf(core, deltaCrl)]
      // What is in force is on them, and nothing that was never revoked.
      const due = oracle.listed(stays)
      assert.deepEqual(only(entriesOf(full.der), due), due, told)
      const ever = oracle.listed(() => true)
      assert.deepEqual(only(ever, entriesOf(full.der)), entriesOf(full.der), told)
      const united = new Map<string, string>()
      for (const shard of shards) {
        const list = await listOf(core, shard)
        const of = oracle.listed((one) => one.shard === shard && stays(one))
        assert.deepEqual(only(entriesOf(list.der), of), of, told)
        assert.deepEqual(only(ever, entriesOf(list.der)), entriesOf(list.der), told)
        for (const [serial, entry] of entriesOf(list.der)) united.set(serial, entry)
      }
      for (const [serial, entry] of oracle.listed((one) => one.shard === noShard))
        united.set(serial, entry)
      assert.deepEqual(only(new Map([...united].sort()), due), due, told)
      // Base and delta, and every full list that was made since the base.
      fulls.set(full.number, full.der)
      const base = Number(readExtension(parseCrl(delta.der).extensions, 'deltaCRLIndicator'))
      assert.equal(base, delta.base)
      assert.ok(full.number <= delta.number, told)
      assert.deepEqual(
        combined(await fullNumbered(core, base), delta.der),
        entriesOf(full.der),
        told,
      )
      for (const [number, der] of fulls)
        if (number >= base) assert.deepEqual(combined(der, delta.der), entriesOf(full.der), told)
      // One number, one content.
      assert.ok(full.number >= (numbers[0] ?? 0) && delta.number >= (numbers[1] ?? 0), told)
      numbers = [full.number, delta.number]
      assert.equal(said.get(full.number) ?? full.der.toHex(), full.der.toHex(), told)
      said.set(full.number, full.der.toHex())
    }
    assert.deepEqual(core.troubles, [])
    await checkNumbers(core)
  })
})

async function happen(core: TestCore, like: CertificateRecord, oracle: Oracle, random: Random) {
  const some = [...oracle.all.values()].filter(() => random.chance(8))
  if (random.chance(2)) {
    const fresh = Array.from({ length: random.below(8) }, () => ({
      shard: random.oneOf([...shards, ...shards, noShard, onNoList]),
      kind: random.oneOf(['working', 'birth', 'signer', 'server'] as const),
      notAfter: core.clock.now().add({ hours: random.oneOf([2, 30, 400, 9_000]) }),
    }))
    oracle.take(await book(core, like, fresh))
  }
  const what = random.oneOf(Object.keys(acts) as (keyof typeof acts)[])
  const fits = some.filter(({ state }) =>
    what === 'release' ? state === 'held' : state === 'issued' || state === 'held',
  )
  if (fits.length > 0) oracle.take(await act(core, what, fits))
}

/** All that was ever published of an authority: of full and delta, one number stands for one moment. */
async function checkNumbers(core: TestCore): Promise<void> {
  const { id } = issuingOf(core)
  const { items } = await core.ledger.list('crl', { by: 'latest', equal: [id], limit: 1_000 })
  const keys = items.map(({ shard, number }) => `${shard} ${number}`)
  assert.equal(new Set(keys).size, keys.length)
  const byShard = Map.groupBy(items, ({ shard }) => shard)
  for (const [shard, lists] of byShard) {
    const ordered = lists.toSorted((left, right) => left.number - right.number)
    for (const [index, list] of ordered.entries()) {
      const before = ordered[index - 1]
      if (before === undefined) continue
      assert.ok(Temporal.Instant.compare(before.thisUpdate, list.thisUpdate) <= 0)
      // Bytes are kept of the two newest, and of the base.
      const bases = [ordered.at(-1), byShard.get(deltaCrl)?.at(-1)].map((one) => one?.base)
      const isBase = shard === fullCrl && bases.includes(list.number)
      if (index < ordered.length - 2 && !isBase)
        assert.equal(list.der.length, 0, `${shard} ${index}`)
      assert.equal(list.sha256?.length, 32)
    }
  }
}

test('after a lot is revoked the other shards are the same, octet by octet', async () => {
  await withCore(async (core) => {
    const like = await sample(core)
    const lots = await book(
      core,
      like,
      Array.from({ length: 60 }, (_, unit) => ({ shard: 10 + (unit % 6), lot: `L${unit % 6}` })),
    )
    const shardsOfAll = [10, 11, 12, 13, 14, 15]
    const before = new Map<number, string>()
    for (const shard of shardsOfAll) before.set(shard, (await listOf(core, shard)).der.toHex())
    await act(
      core,
      'revoke',
      lots.filter(({ lot }) => lot === 'L2'),
    )
    for (const shard of shardsOfAll) {
      const { der } = await listOf(core, shard)
      if (shard !== 12) assert.equal(der.toHex(), before.get(shard), `${shard}`)
      else assert.equal(entriesOf(der).size, 10)
    }
  })
})

test('one held and another released at once is no list of the same length', async () => {
  await withCore(async (core) => {
    const like = await sample(core)
    const [one, other] = await book(core, like, [{ shard: 5 }, { shard: 5 }])
    assert.ok(one && other)
    const [held] = await act(core, 'hold', [one])
    await listOf(core, 5)
    // Committed by a process that ended before it could publish.
    const at = core.clock.now()
    const ended = { version: 2, state: 'revoked', revokedAt: at, revocationReason: 1 } as const
    assert.ok(held)
    await core.means.ledger.commit({
      puts: [
        { kind: 'certificate', record: { ...other, ...ended } },
        {
          kind: 'certificate',
          record: { ...one, version: 3, state: 'issued', revokedAt: null, revocationReason: null },
        },
      ],
      events: [],
    })
    await core.shelf.hearElsewhere({ kind: 'missed' })
    await core.shelf.refresh(core.doors.own)
    const { items } = await core.ledger.list('crl', {
      ...{ by: 'latest', equal: [one.authority, 5], descending: true, limit: 1 },
    })
    assert.deepEqual(
      [...entriesOf(items[0]?.der ?? assert.fail()).keys()],
      [other.serialNumber.toHex()],
    )
    assert.ok(entriesOf((await listOf(core, fullCrl)).der).has(other.serialNumber.toHex()))
    assert.ok(!entriesOf((await listOf(core, fullCrl)).der).has(one.serialNumber.toHex()))
  })
})

test('after a restore no delta leads from a list of before it', async () => {
  await withCore(async (core) => {
    const like = await sample(core)
    const [one] = await book(core, like, [{ shard: 5 }])
    assert.ok(one)
    const [held] = await act(core, 'hold', [one])
    const before = await listOf(core, fullCrl)
    const authority = issuingOf(core)
    const crlNumberFrom = before.number + 1_000
    const record = { ...authority, version: authority.version + 1, crlNumberFrom }
    await core.ledger.commit({ puts: [{ kind: 'authority', record }], events: [] })
    await core.doors.reload()
    const [full, delta] = [await listOf(core, fullCrl), await listOf(core, deltaCrl)]
    assert.deepEqual(
      [full.number, full.base, delta.number, delta.base],
      [crlNumberFrom, crlNumberFrom, crlNumberFrom, crlNumberFrom],
    )
    assert.ok(held)
    await act(core, 'release', [held])
    assert.equal((await listOf(core, deltaCrl)).base, crlNumberFrom)
  })
})
