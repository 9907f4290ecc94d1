// SPDX-License-Identifier: Apache-2.0
/** The last administrator's passphrase is lost: the one who sits at the machine makes a new way in. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chownSync } from 'node:fs'
import { request } from 'node:http'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { openTestHouse, type TestHouse, temporaryDirectory } from '../support/house.ts'
import { askLocal } from '../support/local-door.ts'
import { eventsOf } from '../support/refusing.ts'

const run = promisify(execFile)
let ahead = Temporal.Duration.from({ hours: 0 })
const clock = { now: () => Temporal.Now.instant().add(ahead) }
const directory = temporaryDirectory()
let house = await openTestHouse(directory, { clock })
after(() => house.stop())

const lost = 'anchor violet tundra mosaic'
const next = 'copper window seven harvest'

/** One request of a browser to the operators' port. */
function browse(path: string, body: object, cookie = '', at: TestHouse = house) {
  const { host, port } = at.addresses.operators
  const origin = `http://127.0.0.1:${port}`
  const headers = { 'content-type': 'application/json', origin, host: `127.0.0.1:${port}`, cookie }
  const { promise, resolve, reject } = Promise.withResolvers<{
    status: number
    code: string
    cookie: string
  }>()
  request(
    { host, port, method: 'POST', path: `/api/v1${path}`, headers, agent: false },
    (answer) => {
      let text = ''
      answer.on('data', (chunk: Buffer) => {
        text += chunk.toString()
      })
      answer.on('end', () => {
        const { code } = JSON.parse(text === '' ? '{}' : text) as { code?: string }
        const [set = ''] = answer.headers['set-cookie'] ?? []
        resolve({
          status: answer.statusCode ?? 0,
          code: code ?? '',
          cookie: set.split(';', 1)[0] ?? '',
        })
      })
    },
  )
    .on('error', reject)
    .end(JSON.stringify(body))
  return promise
}

const signIn = (passphrase: string) => browse('/session', { name: 'Ada', passphrase })
const restore = (name: string) => askLocal(house, 'POST', '/people/restore', { name })
const join = (token: string, passphrase: string) => browse('/people/join', { token, passphrase })

test('a lost passphrase is replaced by a link of the machine, and the old one and its sessions end', async () => {
  const claimed = await askLocal(house, 'POST', '/claim', { name: 'Ada', passphrase: lost })
  assert.equal(claimed.status, 201, JSON.stringify(claimed.document))
  const session = await signIn(lost)
  assert.equal(session.status, 200)
  const made = await restore('Ada')
  assert.equal(made.status, 201, JSON.stringify(made.document))
  assert.equal((await signIn(lost)).status, 200, 'a link in vain harms nobody')
  assert.equal((await join(made.document.link.token, next)).status, 200)
  assert.equal((await signIn(lost)).code, 'sign-in-wrong')
  assert.equal((await signIn(next)).status, 200)
  assert.equal(
    (await browse('/people', { name: 'X', role: 'operator' }, session.cookie)).status,
    401,
  )
  assert.equal((await join(made.document.link.token, lost)).code, 'claim-wrong', 'once')
})

test('everybody is told: an event and a critical alarm, without the token', async () => {
  const { document } = await askLocal(house, 'GET', '/alarms?kind=break-glass-used')
  assert.deepEqual(
    document.items.map(({ severity, facts }: { severity: string; facts: { name: string } }) => [
      severity,
      facts.name,
    ]),
    [['critical', 'Ada']],
  )
  const [event] = await eventsOf(house, 'person-restored')
  assert.deepEqual(event?.facts, { name: 'Ada', role: 'administrator', isNew: false })
  const { token } = (await restore('Ada')).document.link
  assert.doesNotMatch(JSON.stringify(await eventsOf(house, 'person-restored')), new RegExp(token))
})

test('the link ends after fifteen minutes', async () => {
  const { token } = (await restore('Ada')).document.link
  ahead = Temporal.Duration.from({ minutes: 16 })
  assert.equal((await join(token, 'yet another long passphrase')).code, 'claim-wrong')
})

test('a new administrator can be made, one who was removed cannot come back', async () => {
  const { token } = (await restore('Grace')).document.link
  assert.equal((await join(token, 'marble kettle orbit ninety')).status, 200)
  const { document } = await askLocal(house, 'GET', '/people?name=Grace')
  assert.deepEqual([document.items[0].role, document.items[0].state], ['administrator', 'active'])
  await askLocal(house, 'DELETE', `/people/${document.items[0].id}`)
  const refused = await restore('Grace')
  assert.deepEqual([refused.status, refused.document.code], [403, 'not-permitted'])
})

test('no other door has it, not even for an administrator', async () => {
  const { cookie } = await signIn(next)
  const refused = await browse('/people/restore', { name: 'Ada' }, cookie)
  assert.deepEqual([refused.status, refused.code], [403, 'not-permitted'])
})

test('a command of another user opens nothing, and leaves nothing that the server cannot read', {
  skip: process.getuid?.() !== 0 && 'only root can give a directory away',
}, async () => {
  await house.stop()
  const words = ['--disable-warning=ExperimentalWarning', 'bin/vitalsign.ts']
  chownSync(directory, 65_534, 65_534)
  const restore = run(process.execPath, [...words, 'person', 'restore', 'Ada', '--data', directory])
  await assert.rejects(restore, /belongs to user 65534, and this is user 0/)
  chownSync(directory, 0, 0)
  house = await openTestHouse(directory, { clock })
})

test('it works when no server runs, and the link holds when one runs again', async () => {
  await house.stop()
  const words = [
    '--disable-warning=ExperimentalWarning',
    'bin/vitalsign.ts',
    'person',
    'restore',
    'Ada',
  ]
  const { stdout } = await run(process.execPath, [...words, '--data', directory])
  const [, token] = /#join=([A-Za-z0-9_-]{43})$/m.exec(stdout) ?? assert.fail(stdout)
  ahead = Temporal.Duration.from({ hours: 0 })
  house = await openTestHouse(directory, { clock })
  assert.equal((await join(token ?? '', lost)).status, 200)
  assert.equal((await signIn(lost)).status, 200)
})
