// SPDX-License-Identifier: Apache-2.0
/** Two servers on one database: whatever one of them does counts at the other. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { EventType } from '#core/audit/event.ts'
import { recoverReserved } from '#core/authority/abandon.ts'
import { allowReEnrolment } from '#core/devices/life.ts'
import { watchDevice } from '#core/devices/watch.ts'
import type { CertificateRecord, Device } from '#core/ledger/tables.ts'
import { askAct } from '#core/revocation/acts/ask.ts'
import { carryOut } from '#core/revocation/acts/carry-out.ts'
import { fullCrl } from '#core/revocation/publish.ts'
import { quarantine, release } from '#core/revocation/quarantine.ts'
import { revoke } from '#core/revocation/revoke.ts'
import { parseCrl } from '#format/x509/crl.ts'
import { readExtension } from '#format/x509/extension.ts'
import { readConfiguration } from '#house/configuration.ts'
import { examine } from '#house/doctor.ts'
import type { House, Replacements } from '#house/house.ts'
import { signatureJobs } from '#house/keywatch/signature-jobs.ts'
import { nodeVerbs } from '#house/verbs/node.ts'
import { sha256 } from '#trust/digest.ts'
import { generateKey } from '#trust/private-key.ts'
import { anyNumber, knownKey, requestWithNonce } from '../support/chosen-nonces.ts'
import {
  ask,
  certificateIn,
  enrolled,
  fetchStatus,
  heardElsewhere,
  isIssuedBy,
  nodeDirectory,
  openTestHouse,
  postEst,
  requestBy,
  sharedWords,
  type TestHouse,
  withCode,
  withDevice,
  withProduct,
} from '../support/house.ts'
import { believed, certIdOf, questionAbout } from '../support/ocsp.ts'
import { type PostgresPlace, postgresPlace, withoutPostgres } from '../support/postgres.ts'
import { expectDevice } from '../support/refusing.ts'

const operator = { kind: 'person', id: 'test' } as const

let place: PostgresPlace
let one: TestHouse
let other: TestHouse

const openNode = (
  directory = nodeDirectory(),
  replacements: Replacements = {},
  database = place.url,
  words: readonly string[] = [],
) => openTestHouse(directory, replacements, [...sharedWords(database), ...words])

before(
  async () => {
    if (withoutPostgres) return
    place = await postgresPlace()
    // At the same moment, on an empty database.
    const opened = await Promise.all([openNode(), openNode()])
    one = opened[0]
    other = opened[1]
  },
  { timeout: 60_000 },
)
after(async () => {
  if (withoutPostgres) return
  await Promise.all([one.stop(), other.stop()])
  assert.deepEqual([...one.troubles, ...other.troubles], [])
  await place.remove()
})

async function recordOf({ core }: House, certificate: Uint8Array): Promise<CertificateRecord> {
  const found = await core.ledger.find('certificate', 'sha256', [sha256(certificate)])
  return found ?? assert.fail('no record of the certificate')
}

async function crlOf(house: TestHouse, shard: number) {
  const name = shard === fullCrl ? 'issuing-1.crl' : `issuing-1/${shard}.crl`
  const { status, body } = await fetchStatus(house, `/crl/${name}`)
  assert.equal(status, 200)
  const crl = parseCrl(body)
  const serials = [...crl.revoked].map(({ serialNumber }) => serialNumber.toHex())
  return { serials, number: readExtension(crl.extensions, 'cRLNumber') }
}

async function verdicts(house: TestHouse): Promise<Record<string, string>> {
  const found = await examine(house.core, readConfiguration(['--data', house.directory]), {
    production: false,
  })
  return Object.fromEntries(
    found.map(({ check, verdict, found: words }) => [check, `${verdict}: ${words}`]),
  )
}

const postgresTest = (name: string, work: () => Promise<void>) =>
  test(name, { skip: withoutPostgres }, work)

postgresTest('two nodes that start at the same moment found one installation', async () => {
  assert.equal(await one.core.ledger.count('authority', {}), 2)
  assert.deepEqual(one.core.installation, other.core.installation)
  assert.notEqual(one.core.node, other.core.node)
})

postgresTest('a founding that was cut off is finished by who starts in its place', async () => {
  const own = await postgresPlace()
  const directory = nodeDirectory()
  const script = new URL('support/node-child.ts', import.meta.url).pathname
  try {
    // The root is signed, the issuing authority is booked and not signed.
    const child = spawn(process.execPath, [script, directory, own.url, '2'], { stdio: 'ignore' })
    assert.deepEqual(await once(child, 'exit'), [null, 'SIGKILL'])
    const house = await openNode(directory, {}, own.url)
    const { items } = await house.core.ledger.list('authority', { limit: 10 })
    assert.deepEqual(items.map(({ name }) => name).toSorted(), ['issuing-1', 'root'])
    assert.equal(house.core.recovered, 1)
    await house.stop()
    assert.deepEqual(house.troubles, [])
  } finally {
    await own.remove()
  }
})

postgresTest(
  'a node told to stop says so, and serves on until a balancer has seen it',
  async () => {
    const leaving = await openNode(nodeDirectory(), {}, place.url, ['--drain', '1'])
    assert.equal((await fetchStatus(leaving, '/readyz')).status, 200)
    const stopped = leaving.stop()
    assert.equal((await fetchStatus(leaving, '/readyz')).status, 503)
    assert.equal((await ask(leaving, 'GET', '/.well-known/est/cacerts')).status, 200)
    await stopped
    await assert.rejects(ask(leaving, 'GET', '/.well-known/est/cacerts'), { code: 'ECONNREFUSED' })
  },
)

postgresTest(
  'keys of authorities and log lie in the database, each node has its own TLS key',
  async () => {
    const names = (await place.sql('SELECT "name" FROM "sealed" ORDER BY "name"')).map(
      ([name]) => name,
    )
    const issuing = one.core.doors.own.find(({ kind }) => kind === 'issuing')
    assert.deepEqual(names, [issuing?.key, one.core.installation.logKey].toSorted())
    const roots = [one, other].filter(({ directory }) => existsSync(join(directory, 'root')))
    assert.equal(roots.length, 1, 'the root stays where it was made')
    const tls = [one, other].map(({ directory }) => readdirSync(join(directory, 'keys')))
    for (const files of tls)
      assert.equal(files.filter((name) => /^tls-.*\.key$/.test(name)).length, 1)
    assert.notDeepEqual(tls[0], tls[1])
  },
)

postgresTest('a node with another passphrase is refused, and founds nothing', async () => {
  await assert.rejects(openNode(nodeDirectory('another passphrase')), { code: 'key-locked' })
  assert.equal(await one.core.ledger.count('authority', {}), 2)
})

postgresTest('a product that one node adds has its doors at the other', async () => {
  const heard = heardElsewhere(other, 'entrance-opened')
  const product = await withProduct(one, 'pump')
  await heard
  const device = await enrolled(other, product, 'PUMP-1')
  assert.ok(isIssuedBy(one, device.certificate))
  const { status } = await ask(one, 'GET', '/whoami', { credential: device })
  assert.equal(status, 200)
})

postgresTest('no shard of a revocation list is filled by two nodes', async () => {
  const product = await withProduct(one, 'shards')
  if (!('id' in other.core.doors.labelled('shards'))) await settled(other, 'shards')
  const [here, there] = [
    await enrolled(one, product, 'SHARD-1'),
    await enrolled(other, product, 'SHARD-2'),
  ]
  const shards = [
    (await recordOf(one, here.certificate)).shard,
    (await recordOf(one, there.certificate)).shard,
  ]
  assert.notEqual(shards[0], shards[1])
})

postgresTest(
  'what one node revokes stands on the lists of the other, and no number comes twice',
  async () => {
    const product = await withProduct(one, 'revoked')
    await settled(other, 'revoked')
    for (const [index, revoking] of [one, other, one].entries()) {
      const looking = revoking === one ? other : one
      const device = await enrolled(one, product, `REVOKED-${index}`)
      const { id, shard, serialNumber } = await recordOf(one, device.certificate)
      const before = await crlOf(looking, fullCrl)
      const heard = heardElsewhere(looking, 'certificate-revoked')
      const done = await revoke(
        { id, reason: 'superseded', because: 'test' },
        operator,
        revoking.core,
      )
      assert.equal(done.kind, 'revoked')
      await heard
      for (const list of [fullCrl, shard]) {
        assert.ok((await crlOf(looking, list)).serials.includes(serialNumber.toHex()))
      }
      const after = await crlOf(looking, fullCrl)
      assert.ok(Number(after.number) > Number(before.number))
      const { status, body } = await ask(looking, 'GET', '/whoami', { credential: device })
      assert.match(`${status} ${body}`, /^403 .*certificate-revoked/)
    }
    const { items } = await one.core.ledger.list('crl', { limit: 1000 })
    const numbers = items.map(({ authority, shard, number }) => `${authority} ${shard} ${number}`)
    assert.equal(new Set(numbers).size, numbers.length)
  },
)

postgresTest(
  'a device that one node holds back is refused at the other, until that lets it go',
  async () => {
    const product = await withProduct(one, 'held-back')
    await settled(other, 'held-back')
    const unit = await enrolled(one, product, 'HELD-BACK-1')
    const device = async () =>
      (await one.core.ledger.read('device', unit.device.id)) ?? assert.fail('no device')
    const { shard, serialNumber } = await recordOf(one, unit.certificate)
    const says = async (house: TestHouse) =>
      (await ask(house, 'GET', '/whoami', { credential: unit })).status
    const held = heardElsewhere(other, 'certificate-held')
    await quarantine(await device(), 'a test', operator, one.core)
    await held
    assert.equal(await says(other), 403)
    assert.ok((await crlOf(other, shard)).serials.includes(serialNumber.toHex()))
    // Both at once: one of them is late, and nothing is released twice.
    const inQuarantine = await device()
    const outcomes = await Promise.all(
      [one, other].map(({ core }) => release(inQuarantine, 'a test', operator, core)),
    )
    assert.deepEqual(outcomes.map(({ kind }) => kind).sort(), ['changed', 'refused'])
    assert.deepEqual([await says(one), await says(other)], [200, 200])
    const { items } = await one.core.ledger.list('revocation', { limit: 1000 })
    assert.equal(items.filter(({ act }) => act === 'release').length, 1)
  },
)

postgresTest(
  'what one node revokes, holds or releases the other answers by OCSP as it is',
  async () => {
    const product = await withProduct(one, 'asked-about')
    await settled(other, 'asked-about')
    const unit = await enrolled(one, product, 'ASKED-1')
    const { id, serialNumber } = await recordOf(one, unit.certificate)
    const issuer = other.core.doors.own.find(({ kind }) => kind === 'issuing')
    assert.ok(issuer)
    const path = `/ocsp/${encodeURIComponent(questionAbout([certIdOf(issuer, serialNumber)]).toBase64())}`
    const says = async (house: TestHouse) => {
      const { responses } = await believed((await fetchStatus(house, path)).body, issuer)
      return responses[0]?.status.kind
    }
    const bothSay = async () => [await says(one), await says(other)]
    const toldOf = async (type: EventType, act: (device: Device) => Promise<unknown>) => {
      const heard = heardElsewhere(other, type)
      const device = await one.core.ledger.read('device', unit.device.id)
      await act(device ?? assert.fail('no device'))
      await heard
    }
    assert.deepEqual(await bothSay(), ['good', 'good'])
    const { cached } = other.core.ocsp.counts
    assert.equal(await says(other), 'good')
    assert.equal(other.core.ocsp.counts.cached, cached + 1)
    await toldOf('certificate-held', (device) => quarantine(device, 'a test', operator, one.core))
    assert.deepEqual(await bothSay(), ['revoked', 'revoked'])
    await toldOf('certificate-released', (device) => release(device, 'a test', operator, one.core))
    assert.deepEqual(await bothSay(), ['good', 'good'])
    const lost = { id, reason: 'keyCompromise', because: 'a test' } as const
    await toldOf('certificate-revoked', () => revoke(lost, operator, one.core))
    assert.deepEqual(await bothSay(), ['revoked', 'revoked'])
    // One answers for both, with a key that lies in the database.
    const [here, there] = [one, other].map(({ core }) => core.ocsp.responders.known)
    assert.deepEqual(here, there)
    assert.equal(here?.length, 1)
  },
)

postgresTest('what two nodes carry out at once is in force once', async () => {
  const product = await withProduct(one, 'carried-out')
  await settled(other, 'carried-out')
  for (const serial of ['CARRIED-1', 'CARRIED-2']) await enrolled(one, product, serial)
  const chosen = { product: product.id }
  const wish = { act: 'end', chosen, reason: 'superseded', because: 'a test' } as const
  const asked = await askAct(wish, operator, one.core)
  const id = asked.kind === 'asked' ? asked.record.id : assert.fail(JSON.stringify(asked))
  await Promise.all([carryOut(id, one.core), carryOut(id, other.core)])
  const record = await carryOut(id, one.core)
  assert.deepEqual([record?.state, record?.done, record?.total], ['effective', 2, 2])
})

postgresTest('who watches a device at one node sees it enrol at the other', async () => {
  const product = await withProduct(one, 'watched')
  await settled(other, 'watched')
  const { user, code, device } = await expectDevice(one, product, 'WATCHED-1')
  const stop = new AbortController()
  const ports = { ledger: one.core.ledger, changes: one.feed }
  const sightings = watchDevice(device.id, stop.signal, ports)[Symbol.asyncIterator]()
  assert.equal((await sightings.next()).value?.device.state, 'expected')
  const request = await requestBy(await generateKey('p-256'))
  assert.equal((await postEst(other, 'simpleenroll', request, { user, code })).status, 200)
  const { value } = await sightings.next()
  assert.equal(value?.device.state, 'provisioned')
  assert.equal(value?.event?.type, 'certificate-issued')
  stop.abort()
})

postgresTest('a code is good once, whichever nodes it is shown to at the same moment', async () => {
  const product = await withProduct(one, 'once')
  await settled(other, 'once')
  const { user, code, device } = await expectDevice(one, product, 'ONCE-1')
  const answers = await Promise.all(
    [one, other, one, other].map(async (node) =>
      postEst(node, 'simpleenroll', await requestBy(await generateKey('p-256')), { user, code }),
    ),
  )
  assert.equal(answers.filter(({ status }) => status === 200).length, 1)
  assert.equal(await one.core.ledger.count('certificate', { by: 'owner', equal: [device.id] }), 1)
})

postgresTest('the same request at both nodes gets the same certificate', async () => {
  const product = await withProduct(one, 'same')
  await settled(other, 'same')
  const { user, code } = await expectDevice(one, product, 'SAME-1')
  const request = await requestBy(await generateKey('p-256'))
  const ask = (node: TestHouse) => postEst(node, 'simpleenroll', request, { user, code })
  let answers = await Promise.all([ask(one), ask(other)])
  // Who came second while the first was signed was told to come again, as devices do.
  while (answers.some(({ status }) => status === 503)) {
    answers = await Promise.all([ask(one), ask(other)])
  }
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200],
  )
  assert.equal(answers[0].body, answers[1].body)
})

postgresTest('the log is one, and any node exports and numbers it', async () => {
  for (const node of [one, other]) {
    const product = await withProduct(node, `log-${node === one ? 1 : 2}`)
    assert.ok(product)
    await node.sequence()
    assert.deepEqual(await node.log.waiting(1), [])
  }
  assert.equal((await one.log.head()).size, (await other.log.head()).size)
})

postgresTest('what is being signed at one node is left alone when another starts', async () => {
  const product = await withProduct(one, 'signing')
  const began = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  let armed = false
  const slow = await openNode(nodeDirectory(), {
    wrapKeys: (keys) => ({
      make: (algorithm, keyId, at) => keys.make(algorithm, keyId, at),
      has: (keyId) => keys.has(keyId),
      sign: async (keyId, toBeSigned) => {
        if (armed) {
          began.resolve()
          await gate.promise
        }
        return keys.sign(keyId, toBeSigned)
      },
    }),
  })
  armed = true
  const { user, code } = await expectDevice(one, product, 'SIGNING-1')
  const request = await requestBy(await generateKey('p-256'))
  const answer = postEst(slow, 'simpleenroll', request, { user, code })
  await began.promise
  const late = await openNode()
  assert.equal(late.core.recovered, 0)
  await late.stop()
  armed = false
  gate.resolve()
  assert.equal((await answer).status, 200)
  await slow.stop()
})

postgresTest('what a dead node was signing is abandoned, and listed by the others', async () => {
  const product = await withProduct(one, 'dead')
  const device = await enrolled(one, product, 'DEAD-1')
  const like = await recordOf(one, device.certificate)
  // As a node leaves it that was killed after booking.
  const record: CertificateRecord = {
    ...like,
    ...{ id: `crt_${one.core.random.bytes(16).toHex()}`, version: 1, state: 'reserved' },
    ...{
      serialNumber: Uint8Array.of(0x41, ...one.core.random.bytes(15)),
      sha256: null,
      issuedAt: null,
      enrolment: null,
    },
    reservedAt: one.core.clock.now().subtract({ minutes: 3 }),
  }
  await one.core.ledger.commit({ puts: [{ kind: 'certificate', record }], events: [] })
  const left = one.core.clock.now().subtract({ minutes: 2 })
  const heard = heardElsewhere(other, 'certificate-abandoned')
  assert.equal(await recoverReserved(one.core, left), 1)
  await heard
  const { serials } = await crlOf(other, fullCrl)
  assert.ok(serials.includes(record.serialNumber.toHex()))
})

postgresTest('after a cut connection a node reads anew what it may have missed', async () => {
  const missed = [heardElsewhere(one, 'missed'), heardElsewhere(other, 'missed')]
  await place.sql(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid()`,
  )
  await Promise.all(missed)
  const product = await withProduct(one, 'after-cut')
  await settled(other, 'after-cut')
  const device = await withDevice(one, product, 'CUT-1')
  const code = await withCode(one, device)
  const request = await requestBy(await generateKey('p-256'))
  const { status } = await postEst(other, 'simpleenroll', request, { user: 'CUT-1', code })
  assert.equal(status, 200)
})

postgresTest(
  'nodes are listed, and one that stopped is told from one that was cut off',
  async () => {
    const directory = nodeDirectory()
    const third = await openNode(directory)
    const list = nodeVerbs(one.core)['node.list']
    const states = async () => {
      const page = await list({ limit: 100, ended: true }, {} as never)
      assert.ok('items' in page)
      return new Map(page.items.map(({ name, state }) => [name, state]))
    }
    assert.equal((await states()).get(third.core.node), 'running')
    await third.stop()
    assert.equal((await states()).get(third.core.node), 'stopped')
    const page = await list({ limit: 100, ended: false }, {} as never)
    assert.ok('items' in page)
    assert.deepEqual(
      page.items.map(({ name, isHere }) => [name, isHere]).toSorted(),
      [
        [one.core.node, true],
        [other.core.node, false],
      ].toSorted(),
    )
    const wrong = await list({ limit: 100, ended: true, after: 'nonsense' }, {} as never)
    assert.equal('reason' in wrong && wrong.reason, 'input-wrong')
  },
)

postgresTest('a node goes on while a newer program gives the schema another column', async () => {
  const product = await withProduct(one, 'older')
  await settled(other, 'older')
  const devices = Array.from({ length: 6 }, (_, index) =>
    expectDevice(one, product, `OLDER-${index}`),
  )
  const expected = await Promise.all(devices)
  const enrolling = expected.map(async ({ user, code }, index) => {
    const request = await requestBy(await generateKey('p-256'))
    return postEst(index % 2 === 0 ? one : other, 'simpleenroll', request, { user, code })
  })
  await place.sql(
    'ALTER TABLE "device" ADD COLUMN "ofLater" text; CREATE INDEX ON "device" ("ofLater")',
  )
  for (const answer of await Promise.all(enrolling)) assert.equal(answer.status, 200, answer.body)
  const after = await enrolled(one, product, 'OLDER-LATER')
  assert.equal((await ask(other, 'GET', '/whoami', { credential: after })).status, 200)
})

postgresTest('a node whose clock is behind is named, and signs nothing', async () => {
  const product = await withProduct(one, 'behind')
  const clock = { now: () => Temporal.Now.instant().subtract({ minutes: 10 }) }
  const late = await openNode(nodeDirectory(), { clock }).catch((error: unknown) => error)
  // It cannot even make its own certificate.
  assert.match(String(late), /clock/)
  const { user, code } = await expectDevice(one, product, 'BEHIND-1')
  const request = await requestBy(await generateKey('p-256'))
  assert.equal((await postEst(one, 'simpleenroll', request, { user, code })).status, 200)
})

postgresTest(
  'a node whose clock is ahead signs nothing, the others go on, and doctor names both',
  async () => {
    const own = await postgresPlace()
    let ahead = Temporal.Duration.from({ seconds: 0 })
    const first = await openNode(nodeDirectory(), {}, own.url)
    const clock = { now: () => Temporal.Now.instant().add(ahead) }
    const second = await openNode(nodeDirectory(), { clock }, own.url, ['--names', 'second.test'])
    try {
      const product = await withProduct(first, 'ahead')
      await settled(second, 'ahead')
      assert.match((await verdicts(first))['clocks of the nodes'] ?? '', /^good/)
      assert.match((await verdicts(first))['names of the nodes'] ?? '', /^bad: .*second\.test/)
      ahead = Temporal.Duration.from({ seconds: 62 })
      await second.core.thisNode.beat()
      const heard = heardElsewhere(first, 'product-added')
      await withProduct(second, 'from-the-future')
      await heard
      const { user, code } = await expectDevice(second, product, 'AHEAD-1')
      const request = await requestBy(await generateKey('p-256'))
      const refused = await postEst(second, 'simpleenroll', request, { user, code })
      assert.match(`${refused.status} ${refused.body}`, /^503 clock-ahead/)
      const served = await postEst(first, 'simpleenroll', request, { user, code })
      assert.equal(served.status, 200, served.body)
      const found = (await verdicts(first))['clocks of the nodes'] ?? ''
      const [fast, slow] = [second.core.node, first.core.node]
      assert.match(
        found,
        new RegExp(`^bad: the clock of ${fast} is 6[12]\\.\\d s ahead of that of ${slow}`),
      )
      // Leases go by the database's clock, so that a wrong one takes nothing from the others.
      const apart = first.core.thisNode.sharedClock
        .now()
        .until(second.core.thisNode.sharedClock.now())
      assert.ok(Math.abs(apart.total('seconds')) < 5, `${apart}`)
    } finally {
      await Promise.all([first.stop(), second.stop()])
      await own.remove()
    }
  },
)

/** When a house has a door under this label. */
async function settled({ core, feed }: TestHouse, label: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const look = () => {
    if ('entrance' in core.doors.labelled(label)) resolve()
  }
  const unfollow = feed.followElsewhere(look)
  look()
  await promise
  unfollow()
}

postgresTest(
  'a nonce that a device used at one node and again at the other costs its key',
  async () => {
    const heard = heardElsewhere(other, 'entrance-opened')
    const product = await withProduct(one, 'nonces')
    await heard
    const key = knownKey('p-384')
    const nonce = anyNumber('p-384')
    const enrolAt = async (house: TestHouse, device: Device, words: string) => {
      const code = await withCode(house, device)
      const request = requestWithNonce(key, nonce, { challengePassword: words })
      const call = { user: device.serial, code, label: 'nonces' }
      return certificateIn(await postEst(house, 'simpleenroll', request, call))
    }
    const device = await withDevice(one, product, 'NONCE-1')
    const first = await enrolAt(one, device, 'here')
    const found = (await one.core.ledger.read('device', device.id)) ?? assert.fail()
    const allowed = await allowReEnrolment(found, 'a test', operator, one.core)
    if (allowed.kind === 'refused') assert.fail(allowed.detail)
    await enrolAt(other, allowed.device, 'there')
    const { signal } = new AbortController()
    for (const job of signatureJobs(other.core, { lists: [] })) await job.run({ fence: 0, signal })
    const { state, key: id } = await recordOf(one, first)
    assert.equal(state, 'revoked')
    assert.equal((await one.core.ledger.read('key', id))?.state, 'compromised')
  },
)
