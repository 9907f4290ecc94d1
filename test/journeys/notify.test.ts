// SPDX-License-Identifier: Apache-2.0
/** An alarm of a running house reaches a program, signed with a key that anybody may know. */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { clear, type Finding, raise } from '#core/watch/alarm.ts'
import { watchJobs } from '#house/watch.ts'
import { openTestHouse, temporaryDirectory } from '../support/house.ts'
import { askLocal } from '../support/local-door.ts'
import { openMailServer } from '../support/mail-server.ts'

/** Jobs run once at the start, and then only when a test runs them. */
const wait = (_: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
let ahead = Temporal.Duration.from({ hours: 0 })
const clock = { now: () => Temporal.Now.instant().add(ahead) }
const directory = temporaryDirectory()
const house = await openTestHouse(directory, { clock, wait })
after(() => house.stop())

const heard: { headers: IncomingHttpHeaders; body: string; url: string }[] = []
let status = 200
const receiver = createServer((request, response) => {
  let body = ''
  request.on('data', (chunk: Buffer) => {
    body += chunk.toString()
  })
  request.on('end', () => {
    heard.push({ headers: request.headers, body, url: request.url ?? '' })
    response.writeHead(status).end()
  })
})
await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
after(() => void receiver.close())
const { port } = receiver.address() as AddressInfo

const finding: Finding = {
  ...{ kind: 'status-stale', subject: 'aut_1', severity: 'critical', text: 'the list is old' },
  facts: { number: 1 },
}

/** Lets time pass, and the job that sends what waits run. */
async function pass(hours: number): Promise<void> {
  ahead = ahead.add({ hours })
  const job = watchJobs(house.core, directory).find(({ name }) => name === 'deliveries')
  await job?.run({ fence: 1, signal: new AbortController().signal })
}

async function deliveries(path = '') {
  const { document } = await askLocal(house, 'GET', `/deliveries${path}`)
  return document.items as {
    state: string
    tries: number
    lastError: string | null
    what: string
  }[]
}

/** What the guide tells a receiver to do, as a module. */
function guideModule(): string {
  const guide = readFileSync('docs/guides/be-told.md', 'utf8')
  const [, code] = /^```js\n([\s\S]*?)^```$/m.exec(guide) ?? assert.fail('no code in the guide')
  const file = join(temporaryDirectory(), 'receiver.mjs')
  writeFileSync(file, code ?? '')
  return pathToFileURL(file).href
}

test('a target that is added is tested, and its receiver can check who sent it', async () => {
  const address = `http://127.0.0.1:${port}/alarms`
  const asked = { name: 'desk', kind: 'webhook', address, severity: 'notice' }
  const added = await askLocal(house, 'POST', '/notifications', asked)
  assert.equal(added.status, 201, JSON.stringify(added.document))
  assert.equal((await askLocal(house, 'POST', '/notifications/desk/test')).status, 200)
  await pass(1)
  // The first look of the house may have something to tell as well.
  const found = heard.find(({ body }) => JSON.parse(body).what === 'test')
  const { headers, body } = found ?? assert.fail('no test came')
  const { document: key } = await askLocal(house, 'GET', '/notifications/key')
  assert.ok(String(headers['signature-input']).includes(`keyid="${key.keyId}"`))
  const { isGenuine } = await import(guideModule())
  assert.equal(isGenuine(key.pem, address, headers, body), true)
  assert.equal(isGenuine(key.pem, address, headers, `${body} `), false)
  assert.equal(isGenuine(key.pem, `${address}/other`, headers, body), false)
})

test('an alarm of the house is told, tried again until it arrives, and told when it is over', async () => {
  status = 503
  const before = heard.length
  await raise(finding, house.core)
  const mine = () => heard.slice(before).filter(({ body }) => body.includes('"aut_1"'))
  await pass(1)
  await pass(1)
  const [first, second] = mine()
  assert.equal(first?.headers['idempotency-key'], second?.headers['idempotency-key'])
  assert.ok(
    (await deliveries('?target=desk&state=failed')).every(
      ({ lastError }) => lastError === 'it answered 503',
    ),
  )
  status = 200
  await clear(finding.kind, finding.subject, house.core)
  await pass(7)
  assert.ok(mine().some(({ body }) => body.includes('"what":"cleared"')))
})

test('mail of the house needs its password file, and says in the list why it waits', async () => {
  const server = await openMailServer()
  after(() => server.close())
  const asked = {
    ...{ name: 'on-call', kind: 'smtp', address: 'ops@example.com', from: 'pki@example.com' },
    ...{ server: `smtp://127.0.0.1:${server.port}`, user: 'pki', passwordFile: 'mail-password' },
    only: ['codes-unused'],
  }
  assert.equal((await askLocal(house, 'POST', '/notifications', asked)).status, 201)
  const again = await askLocal(house, 'POST', '/notifications', asked)
  assert.deepEqual([again.status, again.document.code], [409, 'exists-already'])
  const { document } = await askLocal(house, 'GET', '/notifications')
  assert.deepEqual(
    document.items.map(({ name }: { name: string }) => name),
    ['desk', 'on-call'],
  )
  mkdirSync(join(directory, 'notify'), { mode: 0o700 })
  writeFileSync(join(directory, 'notify', 'mail-password'), 'secret of mail\n', { mode: 0o600 })
  assert.doesNotMatch(JSON.stringify(document), /secret of mail/)
  const removed = await askLocal(house, 'DELETE', '/notifications/on-call')
  assert.equal(removed.document.state, 'removed')
  const gone = await askLocal(house, 'POST', '/notifications/on-call/test')
  assert.deepEqual([gone.status, gone.document.code], [404, 'not-found'])
})

test('an alarm is acknowledged by name, and the list says who takes care', async () => {
  await raise(finding, house.core)
  const { document } = await askLocal(house, 'GET', '/alarms?kind=status-stale')
  const [alarm] = document.items
  const seen = await askLocal(house, 'POST', `/alarms/${alarm.id}/acknowledge`)
  assert.deepEqual([seen.document.state, seen.document.acknowledgedBy], ['open', 'local'])
  const { document: told } = await askLocal(house, 'GET', '/status')
  assert.ok(told.alarms.critical >= 1)
  const severe = await askLocal(house, 'GET', '/alarms?severity=critical')
  assert.ok(severe.document.items.some(({ id }: { id: string }) => id === alarm.id))
  await clear(finding.kind, finding.subject, house.core)
  const cleared = await askLocal(house, 'GET', '/alarms?state=cleared&kind=status-stale')
  assert.ok(cleared.document.items.length >= 1)
})
