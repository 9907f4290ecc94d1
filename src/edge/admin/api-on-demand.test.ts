// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { systemRandomness } from '#edge/chance/system-randomness.ts'
import { systemClock } from '#edge/clock/system-clock.ts'
import type { FrontTrouble } from '#edge/http/converse.ts'
import { AdminApiOnDemand } from './api-on-demand.ts'
import { localDoor } from './doors/local.ts'
import type { Verbs } from './verbs.ts'

test('an API is made for its first request alone; one that cannot be made is told, and cuts off who asked', async (t) => {
  const asked: string[] = []
  const verbs = new Proxy({} as Verbs, {
    get: (_, name) => {
      asked.push(String(name))
      throw new Error('no such verb')
    },
  })
  const troubles: FrontTrouble[] = []
  const api = new AdminApiOnDemand({
    ...{ door: localDoor(), verbs, clock: systemClock, random: systemRandomness, version: '0' },
    refusals: { note: async () => {} },
    report: (trouble) => troubles.push(trouble),
  })
  const server = createServer((ask, answer) => {
    answer.setHeader('x-request-id', 'abc')
    api.answer(ask, answer)
  }).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  assert.deepEqual(asked, [])
  const { port } = server.address() as AddressInfo
  const [cut] = await once(request({ port, path: '/api/v1/devices?q=1' }).end(), 'error')
  assert.equal(cut.code, 'ECONNRESET')
  assert.equal(asked.length, 1)
  assert.deepEqual(
    troubles.map(({ requestId, method, path }) => [requestId, method, path]),
    [['abc', 'GET', '/api/v1/devices']],
  )
})
