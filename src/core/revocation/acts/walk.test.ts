// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addPump,
  certificateOf,
  enrolDevice,
  type TestCore,
  withCore,
} from '../../../../test/support/core.ts'
import { newId } from '../../ledger/ids.ts'
import type { Chosen } from './chosen.ts'
import { walkChosen } from './walk.ts'

async function walked(core: TestCore, chosen: Chosen): Promise<readonly (string | null)[]> {
  const serials: (string | null)[] = []
  for await (const page of walkChosen(chosen, core.clock.now(), core.ledger))
    serials.push(...page.map(({ deviceSerial }) => deviceSerial))
  return serials
}

test('what leads to certificates by a list of its own narrows every other choice', () =>
  withCore(async (core) => {
    const pump = await addPump(core)
    const [asked, other] = [
      await enrolDevice(core, pump, 'P-1'),
      await enrolDevice(core, pump, 'P-2'),
    ]
    const [byLine, byItself] = [
      await certificateOf(core, asked.id),
      await certificateOf(core, other.id),
    ]
    const registrar = newId('registrar', core)
    const revocation = newId('revocation', core)
    const enrolment = byLine.enrolment && (await core.ledger.read('enrolment', byLine.enrolment))
    assert.ok(enrolment)
    const line = { ...enrolment, id: newId('enrolment', core), registrar }
    const ofLine = { ...byLine, version: byLine.version + 1, enrolment: line.id }
    const held = { ...byItself, version: byItself.version + 1, revocation }
    await core.ledger.commit({
      puts: [
        { kind: 'enrolment', record: line },
        { kind: 'certificate', record: ofLine },
        { kind: 'certificate', record: held },
      ],
      events: [],
    })
    assert.deepEqual(await walked(core, { registrar }), ['P-1'])
    assert.deepEqual(await walked(core, { revocation }), ['P-2'])
    for (const { id, key, owner } of [byLine, byItself]) {
      const [asLine, asAct] = owner === byLine.owner ? [['P-1'], []] : [[], ['P-2']]
      for (const choice of [{ certificate: id }, { key }, { device: owner }, { owner }]) {
        const said = Object.keys(choice).join()
        assert.deepEqual(await walked(core, { registrar, ...choice }), asLine, said)
        assert.deepEqual(await walked(core, { revocation, ...choice }), asAct, said)
      }
    }
    assert.deepEqual(await walked(core, { registrar, revocation }), [])
  }))
