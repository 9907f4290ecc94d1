// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { openStore } from '../store/open-store.ts'
import { claimed, type TestHouse, withHouse } from './admin-testing.ts'

/** Reads the documents of server-sent events as they come. */
async function* sightingsOf(body: AsyncIterable<Uint8Array>) {
  let text = ''
  for await (const chunk of body) {
    text += new TextDecoder().decode(chunk)
    const parts = text.split('\n\n')
    text = parts.pop() ?? ''
    for (const part of parts) if (part.startsWith('data: ')) yield JSON.parse(part.slice(6))
  }
}

async function arrive(house: TestHouse, id: string) {
  const device = (await house.ledger.read('device', id))!
  const at = house.ports.clock.now()
  await house.ledger.commit({
    puts: [
      {
        kind: 'device',
        record: { ...device, version: device.version + 1, state: 'active', seenAt: at },
      },
    ],
    events: [
      { type: 'device-activated', at, actor: { kind: 'device', id }, subjects: [id], facts: {} },
    ],
  })
}

test(
  'who watches a device hears that it is awaited, and that it is here',
  { timeout: 20_000 },
  () =>
    withHouse(openStore, async (stage) => {
      const { house, local } = stage
      await house.addAuthority()
      const ada = await claimed(stage)
      const { product } = (await ada.ask('POST', '/products', { name: 'Pump' })).document
      const add = async (serial: string) =>
        (await ada.ask('POST', '/devices', { product: product.id, serial })).document.id
      const [id, other] = [await add('PUMP-0001'), await add('PUMP-0002')]
      const api = await house.localApi()
      const address = await api.listen({ host: '127.0.0.1', port: 0 })
      const answer = await fetch(`${address}/api/v1/devices/${id}/watch`)
      assert.equal(answer.headers.get('content-type'), 'text/event-stream')
      const sightings = sightingsOf(answer.body!)
      const first = (await sightings.next()).value
      assert.deepEqual(
        [first.here, first.words, first.event],
        [false, 'waiting for PUMP-0001', null],
      )
      await arrive(house, other)
      await arrive(house, id)
      const second = (await sightings.next()).value
      assert.deepEqual(
        [second.here, second.words, second.event, second.device.state],
        [true, 'PUMP-0001 is here', 'device-activated', 'active'],
      )
      const leaving = new AbortController()
      await fetch(`${address}/api/v1/devices/${other}/watch`, leaving)
      assert.equal(house.watchers, 2)
      leaving.abort()
      while (house.watchers === 2) await setImmediate()
      // Closing the API ends the stream: nothing hangs.
      await api.close()
      assert.equal((await sightings.next()).done, true)
      const unknown = await local.ask('GET', `/devices/dev_${'0'.repeat(32)}/watch`)
      assert.equal(unknown.document.code, 'not-found')
    }),
)
