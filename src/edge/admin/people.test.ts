// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openStore } from '../store/open-store.ts'
import { claimed, joined, passphrase, type Stage, withHouse } from './admin-testing.ts'

function testHouse(rule: string, work: (stage: Stage) => Promise<void>) {
  test(rule, () => withHouse(openStore, work))
}

testHouse('a claim link makes the first administrator, once', async ({ house, browser, local }) => {
  const link = await local.ask('POST', '/claim/link', {})
  assert.equal(link.status, 201)
  assert.equal(link.document.path, `/#claim=${link.document.token}`)
  const first = browser()
  const { token } = link.document
  const asked = { token, name: 'Ada', passphrase, maker: 'Acme' }
  const answer = await first.ask('POST', '/claim', asked)
  assert.equal(answer.status, 201)
  assert.equal(answer.document.person.role, 'administrator')
  assert.equal(answer.document.maker, 'Acme')
  assert.equal((await first.ask('GET', '/session')).document.name, 'Ada')
  assert.deepEqual(
    house.events.map((event) => event.type),
    ['claim-link-made', 'person-claimed', 'party-added', 'person-signed-in'],
  )
  const again = await browser().ask('POST', '/claim', { ...asked, name: 'Eve' })
  assert.deepEqual([again.status, again.document.code], [409, 'claimed-already'])
  const another = await local.ask('POST', '/claim/link', {})
  assert.equal(another.document.code, 'claimed-already')
})

testHouse('two claims at the same moment make one administrator', async ({ browser, local }) => {
  const { token } = (await local.ask('POST', '/claim/link', {})).document
  const answers = await Promise.all(
    ['Ada', 'Eve'].map((name) => browser().ask('POST', '/claim', { token, name, passphrase })),
  )
  assert.deepEqual(answers.map((answer) => answer.status).sort(), [201, 409])
})

testHouse(
  'a claim link ends after 30 minutes and when a new one is made',
  async ({ house, browser, local }) => {
    const old = (await local.ask('POST', '/claim/link', {})).document
    const second = (await local.ask('POST', '/claim/link', {})).document
    const claim = (token: string) =>
      browser().ask('POST', '/claim', { token, name: 'Ada', passphrase })
    assert.equal((await claim(old.token)).document.code, 'claim-wrong')
    house.ports.pass({ minutes: 30 })
    const late = await claim(second.token)
    assert.deepEqual([late.status, late.document.code], [403, 'claim-wrong'])
  },
)

testHouse(
  'on the machine itself a claim needs no link, elsewhere it does',
  async ({ browser, local }) => {
    const asked = { name: 'Ada', passphrase }
    assert.equal((await browser().ask('POST', '/claim', asked)).document.code, 'claim-wrong')
    assert.equal((await local.ask('POST', '/claim', asked)).status, 201)
    const signedIn = await browser().ask('POST', '/session', asked)
    assert.equal(signedIn.status, 200)
  },
)

testHouse('a weak passphrase is refused and leaves the link good', async ({ browser, local }) => {
  const { token } = (await local.ask('POST', '/claim/link', {})).document
  const weak = await browser().ask('POST', '/claim', { token, name: 'Ada', passphrase: 'short' })
  assert.deepEqual([weak.status, weak.document.code], [422, 'passphrase-too-weak'])
  assert.match(weak.document.detail, /5 characters, at least 12/)
  assert.equal(
    (await browser().ask('POST', '/claim', { token, name: 'Ada', passphrase })).status,
    201,
  )
})

testHouse('sign-in tells nobody which names exist', async (stage) => {
  await claimed(stage, 'Ada')
  const unknown = await stage.browser().ask('POST', '/session', { name: 'Nobody', passphrase })
  const wrong = await stage
    .browser()
    .ask('POST', '/session', { name: 'Ada', passphrase: `${passphrase}!` })
  const { instance: _, ...left } = unknown.document
  const { instance: __, ...right } = wrong.document
  assert.deepEqual(left, right)
  assert.equal(left.code, 'sign-in-wrong')
  assert.equal(unknown.status, 401)
  const refused = stage.house.events.filter((event) => event.type === 'sign-in-refused')
  assert.equal(refused.length, 2)
  assert.ok(!JSON.stringify(refused).includes('Nobody'))
})

testHouse(
  'guessing is slowed down, for names that exist and for those that do not',
  async (stage) => {
    await claimed(stage, 'Ada')
    for (const name of ['Ada', 'Nobody']) {
      const guess = () =>
        stage.browser().ask('POST', '/session', { name, passphrase: 'wrong wrong wrong' })
      const codes = []
      for (let count = 0; count < 6; count++) codes.push((await guess()).document.code)
      assert.deepEqual(codes, [...Array(5).fill('sign-in-wrong'), 'rate-limited'])
      stage.house.ports.pass({ hours: 1 })
    }
    assert.equal(
      (await stage.browser().ask('POST', '/session', { name: 'Ada', passphrase })).status,
      200,
    )
  },
)

testHouse('a session ends after rest, after its life, and at sign-out', async (stage) => {
  const ada = await claimed(stage)
  const status = async () => (await ada.ask('GET', '/session')).status
  for (let hours = 0; hours < 11.5; hours += 0.25) {
    stage.house.ports.pass({ minutes: 15 })
    assert.equal(await status(), 200, `after ${hours} hours`)
  }
  stage.house.ports.pass({ minutes: 31 })
  assert.equal(await status(), 401)

  const signIn = () => ada.ask('POST', '/session', { name: 'Ada Administrator', passphrase })
  assert.equal((await signIn()).status, 200)
  stage.house.ports.pass({ minutes: 31 })
  assert.equal(await status(), 401)

  assert.equal((await signIn()).status, 200)
  const { cookie } = ada
  const out = await ada.ask('DELETE', '/session')
  assert.match(String(out.headers['set-cookie']), /Max-Age=0/)
  assert.equal((await ada.ask('GET', '/session', undefined, { cookie })).status, 401)
})

testHouse('an invited person joins once with a passphrase of their own', async (stage) => {
  const ada = await claimed(stage)
  const invited = await ada.ask('POST', '/people', { name: 'Otto', role: 'operator' })
  assert.equal(invited.status, 201)
  assert.equal(invited.document.person.state, 'invited')
  const { token } = invited.document.link
  const early = await stage.browser().ask('POST', '/session', { name: 'Otto', passphrase })
  assert.equal(early.document.code, 'sign-in-wrong')
  const otto = stage.browser()
  const weak = await otto.ask('POST', '/people/join', { token, passphrase: 'otto otto otto' })
  assert.equal(weak.document.code, 'passphrase-too-weak')
  assert.equal((await otto.ask('POST', '/people/join', { token, passphrase })).status, 200)
  assert.equal((await otto.ask('GET', '/session')).document.role, 'operator')
  const again = await stage.browser().ask('POST', '/people/join', { token, passphrase })
  assert.equal(again.document.code, 'claim-wrong')
  const twice = await ada.ask('POST', '/people', { name: 'Otto', role: 'auditor' })
  assert.equal(twice.document.code, 'exists-already')
  const forbidden = await otto.ask('POST', '/people', { name: 'Eve', role: 'administrator' })
  assert.deepEqual([forbidden.status, forbidden.document.code], [403, 'not-permitted'])
})

testHouse('an invitation ends after 72 hours and with the person', async (stage) => {
  const ada = await claimed(stage)
  const invite = async (name: string) =>
    (await ada.ask('POST', '/people', { name, role: 'auditor' })).document
  const join = (token: string) => stage.browser().ask('POST', '/people/join', { token, passphrase })
  const removed = await invite('Rita')
  assert.equal((await ada.ask('DELETE', `/people/${removed.person.id}`)).document.state, 'removed')
  assert.equal((await join(removed.link.token)).document.code, 'claim-wrong')
  const late = await invite('Lara')
  stage.house.ports.pass({ hours: 72 })
  assert.equal((await join(late.link.token)).document.code, 'claim-wrong')
})

testHouse('removing a person ends their sessions at once', async (stage) => {
  const ada = await claimed(stage)
  const otto = await joined(stage, ada, 'Otto', 'operator')
  const { id } = (await otto.ask('GET', '/session')).document
  assert.equal((await ada.ask('DELETE', `/people/${id}`)).status, 200)
  assert.equal((await otto.ask('GET', '/session')).status, 401)
  const back = await otto.ask('POST', '/session', { name: 'Otto', passphrase })
  assert.equal(back.document.code, 'sign-in-wrong')
  const sessions = await stage.house.ledger.list('session', {
    by: 'person',
    equal: [id],
    limit: 10,
  })
  assert.ok(sessions.items.every((session) => session.endedAt !== null))
  assert.equal(
    (await ada.ask('DELETE', `/people/${id}`)).status,
    200,
    'removing twice changes nothing',
  )
})

testHouse('the last administrator stays', async (stage) => {
  const ada = await claimed(stage)
  const { id } = (await ada.ask('GET', '/session')).document
  const refused = await ada.ask('DELETE', `/people/${id}`)
  assert.deepEqual([refused.status, refused.document.code], [409, 'last-administrator'])
})

testHouse('two administrators who remove each other at once leave one', async (stage) => {
  const ada = await claimed(stage)
  const eve = await joined(stage, ada, 'Eve', 'administrator')
  const [adaId, eveId] = await Promise.all(
    [ada, eve].map(async (client) => (await client.ask('GET', '/session')).document.id),
  )
  const answers = await Promise.all([
    ada.ask('DELETE', `/people/${eveId}`),
    eve.ask('DELETE', `/people/${adaId}`),
  ])
  assert.equal(answers.filter((answer) => answer.status === 200).length, 1)
  const { items } = (await stage.local.ask('GET', '/people?state=active')).document
  assert.equal(items.length, 1)
})

testHouse('people are listed by state and by name, without their secrets', async (stage) => {
  const ada = await claimed(stage)
  await ada.ask('POST', '/people', { name: 'Otto', role: 'operator' })
  const all = await ada.ask('GET', '/people')
  assert.equal(all.document.items.length, 2)
  assert.ok(!all.text.includes(passphrase) && !all.text.includes('passphrase'))
  const invited = await ada.ask('GET', '/people?state=invited')
  assert.deepEqual(
    invited.document.items.map((one: { name: string }) => one.name),
    ['Otto'],
  )
  const named = await ada.ask('GET', '/people?name=Otto&state=active')
  assert.deepEqual(named.document, { items: [], next: null })
})

testHouse(
  'no event, told refusal or answer holds a passphrase, and tokens are answered once',
  async (stage) => {
    const ada = await claimed(stage)
    const { link } = (await ada.ask('POST', '/people', { name: 'Otto', role: 'operator' })).document
    await stage.browser().ask('POST', '/people/join', { token: link.token, passphrase })
    await stage.browser().ask('POST', '/session', { name: passphrase, passphrase: link.token })
    const told = JSON.stringify([stage.house.events, stage.house.told])
    assert.ok(!told.includes(passphrase))
    assert.ok(!told.includes(link.token))
    const { items } = await stage.house.ledger.list('invitation', { limit: 10 })
    assert.ok(!JSON.stringify(items).includes(link.token))
  },
)
