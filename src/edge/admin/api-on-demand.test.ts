// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { systemRandomness } from '#edge/chance/system-randomness.ts'
import { systemClock } from '#edge/clock/system-clock.ts'
import type { FrontTrouble } from '#edge/http/converse.ts'
import { refuse } from '#trust/refusal.ts'
import type { AdminApiOptions } from './api.ts'
import { AdminApiOnDemand } from './api-on-demand.ts'
import { stranger } from './caller.ts'
import { localDoor } from './doors/local.ts'

/** An API over one verb for all operations, on a server of its own. */
async function served(t: TestContext, changes: Partial<AdminApiOptions>) {
  const troubles: FrontTrouble[] = []
  const api = new AdminApiOnDemand({
    ...{ door: localDoor(), clock: systemClock, random: systemRandomness, version: '0' },
    loadVerb: async () => async () => refuse('not-implemented', 'no verb is in this test'),
    refusals: { note: async () => {} },
    report: (trouble) => troubles.push(trouble),
    ...changes,
  })
  const server = createServer((ask, answer) => {
    answer.setHeader('x-request-id', 'abc')
    api.answer(ask, answer)
  }).listen(0, '127.0.0.1')
  t.after(async () => {
    await api.close()
    server.close()
  })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { api, troubles, ask: (path: string) => request({ port, path, agent: false }).end() }
}

test('an API is made for its first request; one that cannot be made is told, cuts off who asked, and is made for the next', async (t) => {
  let made = 0
  const { troubles, ask } = await served(t, {
    door: {
      ...localDoor(),
      get limitsRate() {
        if (++made === 1) throw new Error('this door cannot be made now')
        return false
      },
    },
  })
  assert.equal(made, 0)
  const [cut] = await once(ask('/api/v1/devices?q=1'), 'error')
  assert.equal(cut.code, 'ECONNRESET')
  assert.deepEqual(
    troubles.map(({ requestId, method, path }) => [requestId, method, path]),
    [['abc', 'GET', '/api/v1/devices']],
  )
  const [answer] = await once(ask('/api/v1/devices'), 'response')
  assert.equal(JSON.parse(await text(answer)).code, 'not-implemented')
  assert.equal(made, 2)
})

test('a verb that cannot be loaded breaks its own request alone, and is loaded for the next', async (t) => {
  const asked: string[] = []
  const { troubles, ask } = await served(t, {
    loadVerb: async (name) => {
      asked.push(name)
      if (asked.length === 1) throw new Error('this room cannot be read now')
      return async () => refuse('not-implemented', 'no verb is in this test')
    },
  })
  const codeOf = async (path: string) => {
    const [answer] = await once(ask(path), 'response')
    return [answer.statusCode, JSON.parse(await text(answer)).code]
  }
  assert.deepEqual(await codeOf('/api/v1/devices'), [500, 'broken'])
  assert.equal(troubles.length, 1)
  assert.deepEqual(await codeOf('/api/v1/products'), [501, 'not-implemented'])
  assert.deepEqual(await codeOf('/api/v1/devices'), [501, 'not-implemented'])
  assert.deepEqual(await codeOf('/api/v1/devices'), [501, 'not-implemented'])
  assert.deepEqual(asked, ['device.list', 'product.list', 'device.list'])
})

test('no verb is loaded for somebody who may not ask it', async (t) => {
  const asked: string[] = []
  const { ask } = await served(t, {
    door: { ...localDoor(), identify: async () => stranger('operator', '192.0.2.1') },
    loadVerb: async (name) => {
      asked.push(name)
      throw new Error('nothing is to be loaded')
    },
  })
  const [answer] = await once(ask('/api/v1/devices'), 'response')
  assert.equal(answer.statusCode, 401)
  assert.deepEqual(asked, [])
})

test('an API that was closed before anybody asked it is not made any more', async (t) => {
  const { api, ask } = await served(t, {})
  await api.close()
  const [cut] = await once(ask('/api/v1/devices'), 'error')
  assert.equal(cut.code, 'ECONNRESET')
})
