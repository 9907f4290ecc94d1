// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withCore } from '../../../test/support/core.ts'
import { newId } from '../ledger/ids.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Person } from '../ledger/tables.ts'
import { readAdministrators } from './administrators.ts'
import { removePerson } from './remove.ts'

const actor = { kind: 'person', id: 'psn_test' } as const

test('what was judged is what is replaced: a removal in between makes the other one fail', () =>
  withCore(async (core) => {
    const [ada, eve] = await Promise.all(['Ada', 'Eve'].map(personNamed))
    assert.ok(ada !== undefined && eve !== undefined)
    for (const person of [ada, eve]) {
      const put = (await readAdministrators(core.ledger)).put(1, core)
      await core.ledger.commit({ puts: [{ kind: 'person', record: person }, put], events: [] })
    }
    // Eve is removed after Ada's removal has read how many there are, before it commits.
    let between = async () => {
      assert.equal((await removePerson(eve, actor, core)).kind, 'removed')
    }
    const ledger: Ledger = {
      read: (kind, id) => core.ledger.read(kind, id),
      find: (kind, key, values) => core.ledger.find(kind, key, values),
      count: (kind, query) => core.ledger.count(kind, query),
      commit: (change) => core.ledger.commit(change),
      list: async (kind, query) => {
        const once = between
        between = async () => {}
        await once()
        return core.ledger.list(kind, query)
      },
    }
    const removed = await removePerson(ada, actor, { ...core, ledger })
    assert.equal(removed.kind === 'refused' && removed.reason, 'conflict')
    assert.equal((await readAdministrators(core.ledger)).count, 1)

    async function personNamed(name: string): Promise<Person> {
      return {
        id: newId('person', core),
        version: 1,
        ...{ name, role: 'administrator', state: 'active', passphrase: null },
        createdAt: core.clock.now(),
        signedInAt: null,
        hasJoined: true,
      }
    }
  }))
