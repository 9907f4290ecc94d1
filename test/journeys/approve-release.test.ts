// SPDX-License-Identifier: Apache-2.0
/** Two people approve a release with keys of their own: made, registered, confirmed, signed, taken, and checked by openssl. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join as path } from 'node:path'
import { after, before, test } from 'node:test'
import { usualRules } from '#core/approvals/policy/rules.ts'
import { join } from '#core/people/invitation.ts'
import { openAlarm } from '#core/watch/alarm.ts'
import { makePassphraseHasher } from '#edge/admin/argon2.ts'
import { addApprover } from '../support/approver.ts'
import { openTestHouse, type TestHouse, temporaryDirectory, withProduct } from '../support/house.ts'
import { runHere } from '../support/in-process.ts'
import { callApi } from '../support/local-api.ts'
import { atTerminal } from '../support/pseudo-terminal.ts'
import { rightPin, softHsm, softToken, withoutToken } from '../support/soft-token.ts'

const accountPassphrase = 'nine blue herons over the marsh'
const keyPassphrase = 'seven slow barges under the bridge'
const secrets = [accountPassphrase, keyPassphrase, rightPin]
const files = temporaryDirectory()
const openssl = spawnSync('/usr/bin/openssl', ['version']).status === 0
const withoutScript =
  spawnSync('script', ['--version']).status === 0 ? false : 'script (util-linux) is not here'
const withoutOpenssl = openssl ? false : 'openssl is not here'
let house: TestHouse
let release = ''

before(async () => {
  house = await openTestHouse()
  await withProduct(house)
  await callApi(house, 'POST', '/claim', {
    ...{ name: 'ada', passphrase: accountPassphrase, maker: 'Acme' },
  })
  for (const [name, role] of [
    ['grace', 'administrator'],
    ['kim', 'operator'],
  ])
    await joined(name ?? '', role ?? '')
  release = await submittedRelease('2.4.1')
})
after(async () => {
  await house.stop()
  assert.deepEqual(house.troubles, [])
})

async function joined(name: string, role: string): Promise<void> {
  const invited = await callApi(house, 'POST', '/people', { name, role })
  const token = invited.body.link.path.split('=')[1]
  const hasher = makePassphraseHasher(house.core.random)
  const outcome = await join({ token, passphrase: accountPassphrase }, { ...house.core, hasher })
  assert.equal(outcome.kind, 'joined')
}

/** At the machine itself, as the command line of a build does. */
async function submittedRelease(version: string): Promise<string> {
  const image = path(files, `pump-${version}.bin`)
  writeFileSync(image, `an image of ${version}`)
  const made = await json('release', 'create', 'pump', version, '--security-version', '7')
  await json('release', 'attach', made.id, '--file', image)
  await json('release', 'submit', made.id)
  return made.id
}

/** A command, with the lines of standard input after it; no secret stands in its words. */
async function vitalsign(words: readonly string[], ...lines: readonly string[]) {
  for (const secret of secrets) assert.ok(!words.join(' ').includes(secret), 'a secret in a word')
  const isOffline = ['approval verify', 'approver make-key'].includes(words.slice(0, 2).join(' '))
  const place = isOffline ? [] : ['--data', house.directory]
  const ran = await runHere([...words, ...place], lines.map((line) => `${line}\n`).join(''))
  for (const secret of secrets)
    assert.ok(!`${ran.out}${ran.error}`.includes(secret), 'a secret was shown')
  return ran
}

async function json(...words: readonly string[]) {
  const ran = await vitalsign([...words, '--json'])
  assert.equal(ran.status, 0, ran.error)
  return JSON.parse(ran.out)
}

async function pumpId(): Promise<string> {
  const { body } = await callApi(house, 'GET', '/products?name=pump')
  return body.items[0].id
}

const keyFile = (name: string) => path(files, `${name}.pem`)

/** Makes a key on the approver's machine, registers it, and has another administrator confirm it. */
async function approver(account: string, name: string, role: string, by: string) {
  const file = keyFile(account)
  const made = await vitalsign(
    ['approver', 'make-key', file, '--printed-name', name, '--json'],
    keyPassphrase,
  )
  assert.equal(made.status, 0, made.error)
  const registered = await vitalsign(
    ['approver', 'register', '--approver-key', file, '--role', role, '--name', account, '--json'],
    ...[keyPassphrase, accountPassphrase],
  )
  assert.equal(registered.status, 0, registered.error)
  const { id, fingerprint } = JSON.parse(registered.out)
  assert.equal(fingerprint, JSON.parse(made.out).fingerprint)
  const confirmed = await vitalsign(
    ['approver', 'confirm', id, '--fingerprint', fingerprint, '--name', by],
    accountPassphrase,
  )
  assert.equal(confirmed.status, 0, confirmed.error)
  return id as string
}

function approve(account: string, id: string, ...more: readonly string[]) {
  const words = ['release', 'approve', id, '--approver-key', keyFile(account), '--yes', ...more]
  return vitalsign([...words, '--meaning', 'reviewed and approved'], keyPassphrase)
}

test('keys are made on the machines of the approvers, under a passphrase and for nobody else to read', async () => {
  await approver('ada', 'Ada Lovelace', 'quality', 'grace')
  await approver('grace', 'Grace Hopper', 'security', 'ada')
  assert.equal(statSync(keyFile('ada')).mode & 0o777, 0o600)
  assert.match(readFileSync(keyFile('ada'), 'utf8'), /BEGIN ENCRYPTED PRIVATE KEY/)
  const again = await vitalsign(
    ['approver', 'make-key', keyFile('ada'), '--printed-name', 'Ada'],
    keyPassphrase,
  )
  assert.equal(again.status, 2)
  assert.match(again.error, /never overwritten/)
  const weak = await vitalsign(
    ['approver', 'make-key', path(files, 'weak.pem'), '--printed-name', 'Ada'],
    'short',
  )
  assert.deepEqual([weak.status, /at least 12/.test(weak.error)], [1, true])
})

test('nobody confirms a key of their own, and a wrong passphrase opens no key', async () => {
  const own = path(files, 'own.pem')
  await vitalsign(['approver', 'make-key', own, '--printed-name', 'Ada Two'], keyPassphrase)
  const words = ['approver', 'register', '--approver-key', own, '--role', 'quality']
  const wrong = await vitalsign([...words, '--name', 'ada'], 'another one', accountPassphrase)
  assert.equal(wrong.status, 1)
  assert.match(wrong.error, /passphrase is wrong/)
  const registered = await vitalsign(
    [...words, '--name', 'ada', '--json'],
    ...[keyPassphrase, accountPassphrase],
  )
  const { id, fingerprint } = JSON.parse(registered.out)
  const confirming = ['approver', 'confirm', id, '--fingerprint', fingerprint, '--name', 'ada']
  const refused = await vitalsign(confirming, accountPassphrase)
  assert.equal(refused.status, 1)
  assert.match(refused.error, /another administrator confirms it/)
})

test('two people read what they sign, sign it on their machines, and the release is approved', async () => {
  const rules = { ...usualRules, trial: { checks: {}, approvals: { people: 2 } } }
  const document = path(files, 'policy.json')
  writeFileSync(document, JSON.stringify(rules))
  const set = await vitalsign(['signing-policy', 'set', 'pump', document, '--because', 'two of us'])
  assert.equal(set.status, 0, set.error)
  const { items } = (await callApi(house, 'GET', `/signing-policies?product=${await pumpId()}`))
    .body
  const agree = (name: string) =>
    callApi(house, 'POST', `/signing-policies/${items[0].id}/approve`, {
      ...{ name, passphrase: accountPassphrase },
    })
  assert.equal((await agree('kim')).body.code, 'not-permitted')
  assert.equal((await agree('ada')).body.code, 'decided-already')
  const first = await approve('ada', release)
  assert.equal(first.status, 0, first.error)
  for (const line of [
    /pump 2\.4\.1, a feature release for trial/,
    /pump-2\.4\.1\.bin {2}\d+ octets {2}[0-9a-f]{64}/,
    /nothing was signed for these devices before/,
    /still missing: 2 more people/,
  ])
    assert.match(first.error, line)
  assert.match(first.out, /still missing: one more person/)
  const counted = await approve('ada', release)
  assert.deepEqual([counted.status, /counts once/.test(counted.error)], [1, true])
  const second = await approve('grace', release)
  assert.match(second.out, /nothing is missing: it may be signed/)
  const shown = await json('release', 'show', release)
  assert.deepEqual([shown.state, shown.verdict, shown.missing], ['approved', 'approved', []])
  const page = await vitalsign(['release', 'show', release])
  for (const line of [/artefacts-here +good: 1 artefact/, /Ada Lovelace +.*reviewed and approved/])
    assert.match(page.out, line)
})

test('approvals are files that are checked without any server, by us and by openssl', {
  skip: withoutOpenssl,
}, async () => {
  const out = path(files, 'exported')
  const exported = await vitalsign(['release', 'approvals', release, '--output', out])
  assert.equal(exported.status, 0, exported.error)
  const known = [
    '--manifest',
    path(out, 'manifest.json'),
    '--approvers',
    path(out, 'approvers.json'),
  ]
  const both = [1, 2].map((number) => path(out, `approval-${number}.json`))
  const verified = await vitalsign(['approval', 'verify', ...both, ...known, '--people', '2'])
  assert.equal(verified.status, 0, verified.out)
  assert.match(verified.out, /approve by Ada Lovelace \(quality\)/)
  for (const file of both) {
    const signature = file.replace('.json', '.p7s')
    const words = ['-inform', 'DER', '-in', signature, '-content', file, '-binary']
    const anchors = ['-CAfile', path(out, 'approvers.pem'), '-purpose', 'any', '-out', '/dev/null']
    execFileSync('/usr/bin/openssl', ['cms', '-verify', ...words, ...anchors], { stdio: 'pipe' })
  }
  const changed = path(out, 'approval-9.json')
  const text = readFileSync(both[0] ?? '', 'utf8')
  writeFileSync(changed, text.replace('reviewed', 'Reviewed'))
  writeFileSync(path(out, 'approval-9.p7s'), readFileSync(path(out, 'approval-1.p7s')))
  const refused = await vitalsign(['approval', 'verify', changed, ...known])
  assert.deepEqual([refused.status, /approval-signature-wrong/.test(refused.out)], [1, true])
  const byOpenssl = spawnSync('/usr/bin/openssl', [
    ...['cms', '-verify', '-inform', 'DER', '-in', path(out, 'approval-1.p7s'), '-binary'],
    ...['-content', changed, '-CAfile', path(out, 'approvers.pem'), '-purpose', 'any'],
  ])
  assert.notEqual(byOpenssl.status, 0)
  const few = await vitalsign(['approval', 'verify', both[0] ?? '', ...known, '--people', '2'])
  assert.equal(few.status, 1)
})

test('what openssl signs with an approver key is taken, too', {
  skip: withoutOpenssl,
}, async () => {
  const id = await submittedRelease('2.4.2')
  const preview = await callApi(house, 'GET', `/releases/${id}/preview`)
  const { items } = (await callApi(house, 'GET', '/approvers?state=active')).body
  const ada = items.find(({ name }: { name: string }) => name === 'Ada Lovelace')
  const statement = path(files, 'by-openssl.json')
  const said: Record<string, unknown> = {
    ...{ act: 'approve', emergency: null, environment: 'trial', format: 1, key: ada.fingerprint },
    ...{ manifestSha256: preview.body.manifestSha256, meaning: 'read by hand' },
    person: { id: ada.person, name: ada.name, role: ada.role },
    ...{ product: 'pump', release: id, statedAt: new Date().toISOString().replace(/\.\d+/, '') },
    version: '2.4.2',
  }
  // Members stand in order already: JSON as it is canonical.
  writeFileSync(statement, JSON.stringify(said))
  const signature = execFileSync(
    '/usr/bin/openssl',
    [
      ...['cms', '-sign', '-in', statement, '-binary', '-outform', 'DER', '-md', 'sha256'],
      ...['-signer', keyFile('ada'), '-inkey', keyFile('ada'), '-passin', 'stdin'],
    ],
    { input: `${keyPassphrase}\n` },
  )
  const taken = await callApi(house, 'POST', `/releases/${id}/approve`, {
    statement: readFileSync(statement).toString('base64'),
    signature: signature.toString('base64'),
  })
  assert.equal(taken.status, 201, JSON.stringify(taken.body))
  assert.deepEqual(taken.body.missing, ['one more person'])
})

test('a change voids what was approved, and a signature for the old text is refused by name', async () => {
  const id = await submittedRelease('2.5.0')
  const early = await approve('ada', id)
  assert.equal(early.status, 0, early.error)
  const before = (await callApi(house, 'GET', `/releases/${id}/approvals`)).body.approvals[0]
  await json('release', 'edit', id, '--security-version', '8')
  const none = await approve('grace', id)
  assert.deepEqual([none.status, /there is nothing to sign yet/.test(none.error)], [1, true])
  await json('release', 'submit', id)
  const { statement, signature } = before
  const replayed = await callApi(house, 'POST', `/releases/${id}/approve`, { statement, signature })
  assert.equal(replayed.body.code, 'approval-of-another-manifest')
  const other = await callApi(house, 'POST', `/releases/${release}/approve`, {
    statement,
    signature,
  })
  assert.equal(other.body.code, 'approval-of-another-release')
  const judged = await json('release', 'judge', id)
  assert.deepEqual([judged.verdict, judged.missing], ['waiting', ['2 more people']])
})

test('one person approves in an emergency, an alarm stands, and others review it afterwards', async () => {
  const open = {
    checks: {},
    approvals: { people: 2 },
    emergency: { reviewHours: 72, longestHours: 24 },
  }
  const document = path(files, 'emergency.json')
  writeFileSync(document, JSON.stringify({ ...usualRules, trial: open }))
  const set = await vitalsign([
    'signing-policy',
    'set',
    'pump',
    document,
    '--because',
    'a ward waits',
  ])
  assert.match(set.out, /the way for emergencies is opened/)
  const id = await submittedRelease('2.6.0')
  const until = Temporal.Now.instant().add({ hours: 6 }).toString({ smallestUnit: 'second' })
  const declared = await approve(
    ...(['ada', id, '--incident', 'CAPA 12', '--because', 'pumps stop', '--until', until] as const),
  )
  assert.match(declared.out, /it may be signed until .*, and has to be reviewed by/)
  const { emergency, verdict } = await json('release', 'judge', id)
  const page = await vitalsign(['release', 'show', id])
  assert.match(page.out, /emergency +open: CAPA 12, pumps stop/)
  assert.deepEqual([verdict, emergency.state], ['emergency', 'open'])
  const alarm = () => openAlarm('emergency-release', emergency.id, house.core.ledger)
  assert.equal((await alarm())?.severity, 'critical')
  const words = ['release', 'review-emergency', id, '--approver-key', keyFile('grace'), '--yes']
  const reviewed = await vitalsign([...words, '--meaning', 'agreed'], keyPassphrase)
  assert.match(reviewed.out, /nothing is missing/)
  assert.equal(await alarm(), undefined)
})

test('at a terminal the person reads, says what it means, says yes, and types what only they know', {
  skip: withoutScript,
}, async () => {
  const id = await submittedRelease('2.8.0')
  const line = `${path(process.cwd(), 'bin/vitalsign')} release approve ${id} --approver-key ${keyFile('ada')} --data ${house.directory}`
  const spoken = await atTerminal(line, files, (question) => {
    if (/what does your signature mean/.test(question)) return 'looked at every line'
    if (/type yes to sign/.test(question)) return 'yes'
    if (/the passphrase of/.test(question)) return keyPassphrase
    return assert.fail(`nobody expects: ${question}`)
  })
  assert.equal(spoken.status, 0, spoken.said)
  assert.equal(spoken.asked.length, 3)
  for (const part of [/pump 2\.8\.0, a feature release/, /signed and taken: approve/])
    assert.match(spoken.said, part)
  assert.ok(!spoken.said.includes(keyPassphrase))
  const { body } = await callApi(house, 'GET', `/releases/${id}/approvals`)
  assert.equal(body.approvals[0].meaning, 'looked at every line')
})

test('who is removed approves no more: the keys end with the account', async () => {
  const at = house.core.clock.now()
  const leaver = await addApprover('Lee Leaver', house.core)
  const { person, key } = leaver
  const removed = await callApi(house, 'DELETE', `/people/${person.id}`)
  assert.equal(removed.status, 200, removed.body.detail)
  const { items } = (await callApi(house, 'GET', `/approvers?person=${person.id}`)).body
  assert.deepEqual([items.length, items[0].id, items[0].state], [1, key.id, 'ended'])
  assert.ok(Temporal.Instant.compare(items[0].endedAt, at) >= 0)
})

test('a refusal is signed with its reason, and stands', async () => {
  const id = await submittedRelease('2.7.0')
  const words = ['release', 'refuse', id, '--approver-key', keyFile('grace'), '--yes']
  const mute = await vitalsign(words, keyPassphrase)
  assert.deepEqual([mute.status, /--meaning is missing/.test(mute.error)], [2, true])
  const refused = await vitalsign([...words, '--meaning', 'the alarm is silent'], keyPassphrase)
  assert.match(refused.out, /refused until it is changed/)
})

test('a passphrase comes from a descriptor of the process, and never from its words', () => {
  const secret = path(files, 'secret')
  writeFileSync(secret, `${keyPassphrase}\n`, { mode: 0o600 })
  const descriptor = openSync(secret, 'r')
  const made = spawnSync(
    process.execPath,
    [
      ...['--disable-warning=ExperimentalWarning', 'bin/vitalsign.ts', 'approver', 'make-key'],
      ...[path(files, 'by-descriptor.pem'), '--printed-name', 'Kim', '--passphrase-fd', '3'],
    ],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe', descriptor] },
  )
  closeSync(descriptor)
  assert.equal(made.status, 0, made.stderr)
  assert.ok(statSync(path(files, 'by-descriptor.pem')).size > 500)
})

test('a key in a token signs with its PIN, and never leaves it', {
  skip: withoutToken,
}, async () => {
  softToken('kim')
  const file = keyFile('kim')
  const token = ['--token', 'kim', '--module', softHsm]
  const wrong = await vitalsign(
    ['approver', 'make-key', file, '--printed-name', 'Kim Novak', ...token],
    '000000',
  )
  assert.deepEqual([wrong.status, /refuses the PIN/.test(wrong.error)], [1, true], wrong.error)
  const made = await vitalsign(
    ['approver', 'make-key', file, '--printed-name', 'Kim Novak', ...token],
    rightPin,
  )
  assert.equal(made.status, 0, made.error)
  assert.doesNotMatch(readFileSync(file, 'utf8'), /PRIVATE KEY/)
  const registered = await vitalsign(
    [
      ...['approver', 'register', '--approver-key', file, '--role', 'quality', '--name', 'kim'],
      ...[...token, '--json'],
    ],
    ...[rightPin, accountPassphrase],
  )
  assert.equal(registered.status, 0, registered.error)
  const { id, fingerprint, kept } = JSON.parse(registered.out)
  assert.equal(kept, 'token')
  await vitalsign(
    ['approver', 'confirm', id, '--fingerprint', fingerprint, '--name', 'ada'],
    accountPassphrase,
  )
  const approved = await vitalsign(
    [
      ...['release', 'approve', release, '--approver-key', file, ...token, '--yes'],
      ...['--meaning', 'looked at'],
    ],
    rightPin,
  )
  assert.equal(approved.status, 0, approved.error)
})
