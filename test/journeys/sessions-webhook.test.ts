// SPDX-License-Identifier: Apache-2.0
/** What ends at programs of the maker: told at once, confirmed or tried again, and no other waits for it. */
import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import type { Change } from '#core/ledger/ledger.ts'
import type { Enforcement } from '#core/ledger/tables.ts'
import {
  type Credential,
  enrolled,
  openTestHouse,
  type TestHouse,
  withProduct,
} from '../support/house.ts'
import { askLocal } from '../support/local-door.ts'

interface Told {
  readonly headers: IncomingHttpHeaders
  readonly body: {
    readonly id: string
    readonly act: string
    readonly owners: readonly {
      readonly owner: string
      readonly want: string
      readonly certificates: readonly { readonly sha256: string; readonly endedAt: string | null }[]
    }[]
  }
}

/** A program that ends sessions, and does with an answer what a test says. */
class Receiver {
  readonly told: Told[] = []
  answer: (response: ServerResponse) => void = (response) => response.end('{"ended": 2}')
  readonly #server = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    request.on('end', () => {
      this.told.push({ headers: request.headers, body: JSON.parse(text) })
      this.answer(response)
    })
  })

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/sessions`
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}

let house: TestHouse
let pump: Credential & { readonly device: { readonly id: string } }
const [prompt, slow] = [new Receiver(), new Receiver()]

before(async () => {
  house = await openTestHouse()
  pump = await enrolled(house, await withProduct(house), 'PUMP-1')
})
after(async () => {
  await house.stop()
  prompt.close()
  slow.close()
})

async function ask(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object, status = 200) {
  const answer = await askLocal(house, method, path, body)
  assert.equal(answer.status, status, JSON.stringify(answer.document))
  return answer.document
}

/** Resolves with the first enforcement at an integration that a commit leaves as the test wants it. */
function booked(
  integration: string,
  isWanted: (one: Enforcement) => boolean,
): Promise<Enforcement> {
  const { promise, resolve } = Promise.withResolvers<Enforcement>()
  const unfollow = house.feed.follow(({ puts }: Change) => {
    for (const { kind, record } of puts)
      if (kind === 'enforcement' && record.integration === integration && isWanted(record)) {
        unfollow()
        resolve(record)
      }
  })
  return promise
}

const isConfirmed = ({ state, owners }: Enforcement) => state === 'confirmed' && owners > 0
const ids = { prompt: '', slow: '' }

test('what is no address of a program is refused with what to write', async () => {
  for (const [more, words] of [
    [{ kind: 'webhook', address: 'http://desk.example.com/' }, /use https for desk.example.com/],
    [{ kind: 'webhook', address: 'https://a:b@desk.example.com/' }, /no password/],
    [{ kind: 'webhook', address: 'https://a.example.com/', identity: 'subject' }, /has none/],
    [{ kind: 'mosquitto', address: 'mqtt://broker.example.com' }, /use mqtts/],
    [{ kind: 'mosquitto', address: 'mqtts://broker.example.com/topic' }, /only the host/],
    [{ kind: 'mosquitto', address: 'https://broker.example.com' }, /mqtts:\/\/HOST:PORT/],
    [{ kind: 'mosquitto', address: 'mqtts://broker.example.com' }, /obeys an administrator/],
    [{ kind: 'mosquitto', address: 'mqtts://b.example.com', keyFile: 'k' }, /together/],
    [{ kind: 'mosquitto', address: 'mqtts://b.example.com', user: 'a' }, /together/],
  ] as const) {
    const { code, detail } = await ask('POST', '/integrations', { name: 'x', ...more }, 400)
    assert.equal(code, 'input-wrong')
    assert.match(detail, words)
  }
})

test('a program that hangs holds up neither the act nor another program', async () => {
  const address = await prompt.open()
  ids.prompt = (
    await ask('POST', '/integrations', { name: 'prompt', kind: 'webhook', address }, 201)
  ).id
  const other = { name: 'slow', kind: 'webhook', address: await slow.open() }
  ids.slow = (await ask('POST', '/integrations', other, 201)).id
  // That nothing has ended so far both have confirmed.
  for (const name of ['prompt', 'slow'])
    await until(async () => (await ask('GET', `/integrations/${name}`)).open === 0)
  const reached = Promise.withResolvers<ServerResponse>()
  slow.answer = reached.resolve
  const confirmed = booked(ids.prompt, isConfirmed)
  await ask('POST', `/devices/${pump.device.id}/quarantine`, { reason: 'seal broken' })
  const { sessionsEnded, sessionsKnown } = await confirmed
  assert.deepEqual([sessionsEnded, sessionsKnown], [2, true])
  const [told] = prompt.told
  assert.deepEqual(
    told?.body.owners.map(({ owner, want }) => [owner, want]),
    [[pump.device.id, 'bar']],
  )
  assert.equal(told?.headers['idempotency-key'], told?.body.id)
  assert.ok(told?.body.owners[0]?.certificates[0]?.endedAt)
  const failed = booked(ids.slow, ({ state }) => state === 'failed')
  ;(await reached.promise).destroy()
  assert.match((await failed).lastError ?? '', /the connection broke/)
})

test('one that lies is seen, told of by an alarm, and believed again when it confirms', async () => {
  slow.answer = (response) => response.end('{"ok": true}')
  for (let tries = 0; tries < 2; tries++) {
    const failed = booked(ids.slow, ({ state }) => state === 'failed')
    await ask('POST', '/integrations/slow/retry')
    await failed
  }
  const shown = await ask('GET', '/integrations/slow')
  assert.equal(shown.trouble, 'it answered 200 and did not confirm')
  assert.equal(shown.open, 1)
  const raised = await alarmed('open')
  assert.match(raised.text, /sessions are not ended at integration slow/)
  slow.answer = (response) => response.end('{"ended": 0}')
  const confirmed = booked(ids.slow, isConfirmed)
  await ask('POST', '/integrations/slow/retry')
  await confirmed
  await alarmed('cleared')
  const { items } = await ask('GET', '/enforcements?integration=slow&state=confirmed')
  assert.equal(items[0].integrationName, 'slow')
  assert.equal((await ask('GET', '/integrations/slow')).trouble, null)
})

/** The alarm about the slow one in this state, once it stands in the list. */
async function alarmed(state: 'open' | 'cleared'): Promise<{ readonly text: string }> {
  const look = () => ask('GET', `/alarms?kind=integration-down&state=${state}`)
  await until(async () => (await look()).items.length > 0)
  return (await look()).items[0]
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setImmediate(resolve))
}

test('a release is told as well, and by whom an act is carried out stands in the proof', async () => {
  const confirmed = booked(ids.prompt, isConfirmed)
  await ask('POST', `/devices/${pump.device.id}/release`, { reason: 'looked at' })
  const { revocation } = await confirmed
  assert.equal(prompt.told.at(-1)?.body.owners[0]?.want, 'admit')
  const { items } = await ask('GET', `/enforcements?revocation=${revocation}`)
  assert.equal(items.length, 2)
})

test('an integration is tested, told anew, and removed', async () => {
  const tested = await ask('POST', '/integrations/prompt/test')
  assert.deepEqual(tested, {
    ...{ name: 'prompt', answers: true, says: { answer: 'confirmed' }, trouble: null },
  })
  assert.equal(prompt.told.at(-1)?.body.act, 'test')
  assert.deepEqual(await ask('POST', '/integrations/prompt/sync'), {
    ...{ name: 'prompt', enforcements: 1 },
  })
  prompt.answer = (response) => response.writeHead(404).end()
  const wrong = await ask('POST', '/integrations/prompt/test')
  assert.deepEqual([wrong.answers, wrong.trouble], [false, 'it answered 404'])
  const removed = await ask('DELETE', '/integrations/prompt')
  assert.equal(removed.state, 'removed')
  const { items } = await ask('GET', '/integrations')
  assert.deepEqual(
    items.map(({ name }: { name: string }) => name),
    ['slow'],
  )
  assert.equal((await ask('POST', '/integrations/prompt/sync', undefined, 409)).code, 'conflict')
  assert.equal((await ask('POST', '/integrations/nobody/test', undefined, 404)).code, 'not-found')
})
