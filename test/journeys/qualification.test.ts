// SPDX-License-Identifier: Apache-2.0
/** IQ and OQ as a maker runs them: on a real house, from the command line, with results that are kept. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import { applyProfile } from '#core/policy/apply-profile.ts'
import { readyProfiles } from '#core/policy/ready/ready-profiles.ts'
import { qualificationFile } from '#format/admin/operations/qualification.ts'
import { openTestHouse, temporaryDirectory, withProduct } from '../support/house.ts'

const house = await openTestHouse(undefined, {}, ['--twin'])
after(() => house.stop())
const files = temporaryDirectory()
const run = promisify(execFile)

/** One command to its end; what it wrote, whatever its status. */
async function vitalsign(...words: string[]) {
  const line = ['--disable-warning=ExperimentalWarning', 'bin/vitalsign.ts', ...words]
  const data = words.includes('--data') ? [] : ['--data', house.directory]
  const asked = run(process.execPath, [...line, ...data])
  const { stdout, stderr, code } = await asked
    .then((ended) => ({ ...ended, code: 0 }))
    .catch((error: { stdout: string; stderr: string; code: number }) => error)
  return { out: stdout, error: stderr, status: code }
}

function fileAt(path: string) {
  return qualificationFile.parse(JSON.parse(readFileSync(path, 'utf8')))
}

test('an installation is qualified step by step, and its result is signed', async () => {
  const path = join(files, 'iq.json')
  const ran = await vitalsign('qualify', 'installation', '--output', path)
  assert.equal(ran.status, 0, ran.error)
  const { result } = fileAt(path)
  assert.equal(result.failed, 0, JSON.stringify(result.steps.filter((s) => s.verdict === 'failed')))
  assert.ok(result.passed >= 14)
  for (const title of ['files of the program', 'Ed25519', 'doctor', 'authorities', 'the log']) {
    assert.ok(
      result.steps.some((step) => step.title === title),
      title,
    )
  }
  assert.equal((await vitalsign('qualify', 'check', path)).status, 0)
})

test('a maker is named for the devices of the check only by who runs it', async () => {
  const nobody = await vitalsign('qualify', 'operation')
  assert.equal(nobody.status, 1)
  assert.match(nobody.error, /no maker is known yet/)
  assert.equal(await house.core.ledger.count('party', {}), 0)
  assert.equal(await house.core.ledger.count('device', {}), 0)
  const named = await vitalsign('qualify', 'operation', '--maker', 'Example')
  assert.equal(named.status, 0, named.error)
  assert.ok(await house.core.ledger.find('party', 'name', ['Example']))
})

test('operation is qualified against the real doors, and nothing of it stays in force', async () => {
  await withProduct(house, 'pump')
  const path = join(files, 'oq.json')
  const ran = await vitalsign('qualify', 'operation', '--product', 'pump', '--output', path)
  assert.equal(ran.status, 0, ran.error)
  const { result } = fileAt(path)
  assert.deepEqual([result.failed, result.passed], [0, 12])
  await allRetired(4)
  const again = await vitalsign('qualify', 'operation')
  assert.equal(again.status, 0, again.error)
  assert.match(again.error, /--output FILE keeps the signed result/)
})

async function allRetired(count: number) {
  const { items } = await house.core.ledger.list('device', { limit: 100 })
  assert.deepEqual(
    items.map(({ state }) => state),
    Array.from({ length: count }, () => 'retired'),
  )
}

test('a product whose devices nobody can play is refused before anything is made', async () => {
  const because = 'a person looks at each'
  const document = {
    ...{
      ...readyProfiles.ldevid,
      name: 'looked-at',
      approval: { rule: 'manual', operations: ['enrol'], days: 1, because },
    },
  }
  const applied = await applyProfile(document, { kind: 'house', id: 'test' }, house.core)
  assert.equal(applied.kind, 'applied', JSON.stringify(applied))
  const words = ['--exposure', 'none', '--profile', 'looked-at', '--maker', 'Example']
  const added = await vitalsign('product', 'add', 'ward', ...words)
  assert.equal(added.status, 0, added.error)
  const before = await house.core.ledger.count('device', {})
  const ran = await vitalsign('qualify', 'operation', '--product', 'ward')
  assert.equal(ran.status, 1)
  assert.match(ran.error, /lets requests wait for a person/)
  assert.equal(await house.core.ledger.count('device', {}), before)
})

test('who hangs up half-way leaves no device behind', async () => {
  const path = '/api/v1/qualifications/operation'
  const socketPath = join(house.directory, 'admin.sock')
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const asked = request({ socketPath, path, method: 'POST' }, (answer) => {
    answer.once('data', () => {
      answer.destroy()
      resolve()
    })
  })
  asked.setHeader('Content-Type', 'application/json')
  asked.once('error', reject)
  asked.end('{"product":"pump"}')
  await promise
  const count = await house.core.ledger.count('device', {})
  for (let left = 1; left > 0; ) {
    left = await house.core.ledger.count('device', { by: 'state', equal: ['expected'] })
    left += await house.core.ledger.count('device', { by: 'state', equal: ['active'] })
    await setImmediate()
  }
  await allRetired(count)
})

test('a step that fails is told with what was expected, and the command ends with 1', async () => {
  const path = join(files, 'failed.json')
  await house.core.ledger.commit({ puts: [await brokenAuthority()], events: [] })
  await house.core.doors.reload()
  const ran = await vitalsign('qualify', 'installation', '--output', path)
  assert.equal(ran.status, 1)
  assert.match(ran.error, /✗ doctor: .*bad: authorities/)
  assert.match(ran.error, /expected: nothing is bad/)
  assert.ok(fileAt(path).result.failed >= 1)
})

/** The issuing authority as if its time were over. */
async function brokenAuthority() {
  const record = await house.core.ledger.find('authority', 'name', ['issuing-1'])
  if (record === undefined) throw new Error('there is no issuing authority')
  const past = house.core.clock.now().subtract({ hours: 1 })
  return {
    kind: 'authority',
    record: { ...record, version: record.version + 1, issueUntil: past, notAfter: past },
  } as const
}

test('who has the key checks a result without any server', async () => {
  const path = join(files, 'iq.json')
  const exported = join(files, 'log.vitalsign')
  await vitalsign('log', 'export', '--output', exported)
  const signedBy = (await vitalsign('log', 'verify', exported)).out.match(/signed by +(\S+)/)?.[1]
  const key = join(files, 'log.key')
  writeFileSync(key, `${signedBy}\n`)
  const elsewhere = ['--data', join(files, 'nothing here')]
  const check = (file: string, by: string) =>
    vitalsign('qualify', 'check', file, '--log-key', by, ...elsewhere)
  const good = await check(path, key)
  assert.equal(good.status, 0, good.error)
  assert.match(good.out, /this key signed it: installation of .* 0 failed/)
  const changed = join(files, 'changed-here.json')
  const file = fileAt(path)
  writeFileSync(changed, JSON.stringify({ ...file, result: { ...file.result, version: '9' } }))
  const refused = await check(changed, key)
  assert.equal(refused.status, 1)
  assert.match(refused.error, /over another result \(signature-wrong\)/)
  assert.equal((await check(key, key)).status, 2)
  assert.equal((await check(path, path)).status, 2)
})

test('a result that was changed, or that another signed, is refused', async () => {
  const path = join(files, 'iq.json')
  const file = fileAt(path)
  const changed = join(files, 'changed.json')
  const result = { ...file.result, failed: 0, passed: file.result.passed + 1 }
  writeFileSync(changed, JSON.stringify({ ...file, result }))
  const refused = await vitalsign('qualify', 'check', changed)
  assert.equal(refused.status, 1)
  assert.match(refused.error, /over another result/)
  writeFileSync(changed, JSON.stringify({ ...file, note: 'no note' }))
  assert.match((await vitalsign('qualify', 'check', changed)).error, /the note cannot be read/)
  writeFileSync(changed, '[]')
  assert.match((await vitalsign('qualify', 'check', changed)).error, /no qualification result/)
})

test('the life of every credential is written for people and for programs', async () => {
  const path = join(files, 'credentials.md')
  const ran = await vitalsign('report', 'credentials', '--form', 'markdown', '--output', path)
  assert.equal(ran.status, 0, ran.error)
  const text = readFileSync(path, 'utf8')
  assert.match(text, /^# Credentials and their life\n\nMade \d{4}-/)
  for (const title of ['birth identity (idevid)', 'working identity (ldevid)', 'enrolment code']) {
    assert.ok(text.includes(`## ${title}`), title)
  }
  assert.match(text, /\| stored \| .*Argon2id/)
  const csv = (await vitalsign('report', 'credentials', '--form', 'csv')).out
  assert.match(csv, /^type,profile,standard,/)
  assert.match((await vitalsign('report', 'credentials')).out, /generated +by the device/)
})
