// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeRevoked, parseCrl } from '#format/x509/crl.ts'
import { type TestCore, withCore } from '../../../test/support/core.ts'
import { issuingOf, sample } from '../../../test/support/lists.ts'
import { readyIssuer } from '../authority/issuer.ts'
import { Fault } from '../fault.ts'
import { newId } from '../ledger/ids.ts'
import { glance } from '../ledger/ledger.ts'
import { fullCrl } from '../ledger/shards.ts'
import type { CrlRecord } from '../ledger/tables.ts'
import { bytesOf, dropParts, partBytes, writeParts } from './crl-bytes.ts'
import { LintedEntries, makeCrl } from './make-crl.ts'
import { sweepLists } from './recheck.ts'

function linted(pieces: readonly Uint8Array[]): LintedEntries {
  const entries = new LintedEntries('full')
  for (const piece of pieces) entries.take(piece)
  return entries
}

test('a list that breaks a rule is not signed', async () => {
  await withCore(async (core) => {
    const issuer = readyIssuer(issuingOf(core))
    const thisUpdate = core.clock.now().round({ smallestUnit: 'second', roundingMode: 'floor' })
    const frame = { kind: 'full', number: 9, thisUpdate, deltaUrl: undefined } as const
    const good = { ...frame, nextUpdate: thisUpdate.add({ hours: 1 }) }
    const { serialNumber } = await sample(core)
    const entry = (reason: number) =>
      encodeRevoked([{ serialNumber, revokedAt: thisUpdate, reason }])
    let signed = 0
    const keys = {
      sign: (keyId: string, bytes: Uint8Array) => {
        signed++
        return core.means.keys.sign(keyId, bytes)
      },
    }
    for (const [wrong, entries, rule] of [
      [{ ...frame, nextUpdate: thisUpdate }, [], /crl-times-in-order/],
      [
        { ...frame, nextUpdate: thisUpdate.add({ hours: 24 * 9_000 }) },
        [],
        /crl-ends-within-issuer/,
      ],
      [good, [entry(8), entry(1)], /crl-entries-plain: removeFromCRL in a full list/],
    ] as const) {
      await assert.rejects(makeCrl(issuer, wrong, linted(entries), keys), (error) => {
        assert.ok(error instanceof Fault)
        assert.equal(error.code, 'crl-lint-failed')
        assert.match(error.message, rule)
        return true
      })
    }
    assert.equal(signed, 0)
    const made = await makeCrl(issuer, good, linted([entry(1)]), keys)
    assert.deepEqual([made.entries, parseCrl(made.der).revokedCount], [1, 1])
    assert.equal(parseCrl((await makeCrl(issuer, good, linted([]), keys)).der).revokedCount, 0)
    // Linted as those of a delta, they may hold what a full list may not.
    await assert.rejects(makeCrl(issuer, good, new LintedEntries('delta'), keys), TypeError)
  })
})

test('a great list is kept in parts, and emptied when nobody needs it', async () => {
  await withCore(async (core) => {
    const authority = issuingOf(core).id
    const whole = core.random.bytes(2 * partBytes + 7)
    const id = newId('crl', core)
    const { parts, sha256 } = await writeParts(id, whole, core)
    assert.equal(parts, 3)
    const at = core.clock.now()
    const list: CrlRecord = {
      ...{ id, version: 1, authority, shard: fullCrl, number: 5, der: new Uint8Array(), parts },
      ...{ thisUpdate: at, nextUpdate: at, issue: null, base: null, endedBefore: null },
      ...{ entries: 1, sha256 },
    }
    assert.deepEqual(await bytesOf(list, core.ledger), whole)
    await assert.rejects(bytesOf({ ...list, parts: 4 }, core.ledger), { code: 'ledger-damaged' })
    await dropParts(id, core.ledger)
    assert.equal(await bytesOf(list, core.ledger), undefined)
    const short = core.random.bytes(9)
    assert.equal((await writeParts(newId('crl', core), short, core)).parts, null)
  })
})

test('parts that a crash left without their list are swept, and those of a list being written are not', async () => {
  await withCore(async (core) => {
    const id = newId('crl', core)
    await writeParts(id, core.random.bytes(partBytes + 1), core)
    const kept = async () =>
      (await glance('crlPart', ['crl'], { by: 'kept', limit: 10 }, core.ledger)).items.length
    const authority = issuingOf(core).id
    await sweepLists(authority, core)
    assert.equal(await kept(), 2)
    core.clock.pass({ hours: 2 })
    await sweepLists(authority, core)
    assert.equal(await kept(), 0)
  })
})

test('lists of before old ones were emptied are emptied, but for the two newest', async () => {
  await withCore(async (core: TestCore) => {
    const authority = issuingOf(core).id
    const at = core.clock.now()
    for (let number = 1; number <= 5; number++) {
      const record: CrlRecord = {
        ...{ id: newId('crl', core), version: 1, authority, shard: 7, number, parts: null },
        ...{ der: Uint8Array.of(number), thisUpdate: at, nextUpdate: at, sha256: null },
        ...{ issue: null, base: null, endedBefore: null, entries: null },
      }
      await core.ledger.commit({ puts: [{ kind: 'crl', record }], events: [] })
    }
    for (let time = 0; time < 2; time++) await sweepLists(authority, core)
    const { items } = await core.ledger.list('crl', {
      ...{ by: 'latest', equal: [authority, 7], limit: 9 },
    })
    assert.deepEqual(
      items.map(({ der, version }) => [der.length, version]),
      [
        [0, 2],
        [0, 2],
        [0, 2],
        [1, 1],
        [1, 1],
      ],
    )
  })
})
