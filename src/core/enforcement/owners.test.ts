// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random, seedOfRun } from '../../../test/fuzz/random.ts'
import { addPump, certificateOf, enrolDevice, withCore } from '../../../test/support/core.ts'
import { newId } from '../ledger/ids.ts'
import type { Put } from '../ledger/ledger.ts'
import type { CertificateRecord, Enforcement } from '../ledger/tables.ts'
import { effectiveAct } from './book-act.ts'
import { ownersOf } from './owners.ts'

const seed = seedOfRun()

test(`every owner of an act is met once, however its certificates lie (seed ${seed})`, async () => {
  await withCore(async (core) => {
    const random = new Random(seed)
    const like = await certificateOf(core, (await enrolDevice(core, await addPump(core), 'A')).id)
    const act = effectiveAct(
      {
        ...{ act: 'end', chosen: { lot: 'L-1' }, reason: 'keyCompromise', because: 'a test' },
        ...{ certificates: [], by: 'test', at: core.clock.now() },
      },
      core,
    )
    const owners = Array.from({ length: 130 }, () => newId('device', core))
    const live = core.clock.now().add({ hours: 24 * 30 })
    const past = core.clock.now().subtract({ hours: 1 })
    const certificates = Array.from({ length: 420 }, (): CertificateRecord => {
      const isEnded = !random.chance(4)
      const state = isEnded ? random.oneOf(['revoked', 'held'] as const) : 'issued'
      return {
        ...{ ...like, id: newId('certificate', core), serialNumber: core.random.bytes(16) },
        ...{ version: 1, owner: random.oneOf(owners), sha256: core.random.bytes(32), state },
        notAfter: random.chance(4) ? past : live,
        revokedAt: isEnded ? core.clock.now() : null,
        revocation: random.chance(3) ? null : act.id,
      }
    })
    const puts = certificates.map((record): Put => ({ kind: 'certificate', record }))
    await core.ledger.commit({ puts, events: [] })
    const ofAct = certificates.filter(({ revocation }) => revocation === act.id)
    assert.deepEqual(await walk(act), sorted(ofAct))
    const ended = certificates.filter(
      ({ state, notAfter }) => state !== 'issued' && notAfter === live,
    )
    assert.deepEqual(await walk(undefined), sorted(ended))

    async function walk(revocation: typeof act | undefined): Promise<readonly string[]> {
      const met: string[] = []
      let after: Enforcement['after'] = null
      do {
        const page = await ownersOf({ owner: null, after }, revocation, core)
        met.push(...page.owners)
        after = page.next
      } while (after !== null)
      return met.toSorted()
    }
  })
})

function sorted(certificates: readonly CertificateRecord[]): readonly string[] {
  return [...new Set(certificates.map(({ owner }) => owner))].toSorted()
}
