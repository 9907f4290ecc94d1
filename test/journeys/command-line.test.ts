// SPDX-License-Identifier: Apache-2.0
/** bin/vitalsign as a real process against a real house: the first hour, and how it says no. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { generateKey } from '#trust/private-key.ts'
import {
  ask,
  type Credential,
  certificateIn,
  openTestHouse,
  postEst,
  renewalBy,
  requestBy,
  temporaryDirectory,
} from '../support/house.ts'
import { makeTestAuthority, pemOf } from '../tls-certificates.ts'

const house = await openTestHouse()
after(() => house.stop())
const files = temporaryDirectory()

const passphrase = 'anchor violet tundra mosaic'
const secrets: string[] = [passphrase]

interface Ran {
  readonly status: number | null
  readonly out: string
  readonly error: string
}

interface RunOptions {
  /** Standard input; absent: none. */
  readonly input?: string
  /** Without `--data`. */
  readonly anywhere?: boolean
  /** Hears standard output as it comes. */
  readonly hear?: (soFar: string) => void
}

/** One command line to its end. */
function vitalsign(line: string, options: RunOptions = {}): Promise<Ran> {
  const words = line.match(/"[^"]*"|\S+/g)?.map((word) => word.replaceAll('"', '')) ?? []
  for (const secret of secrets) assert.ok(!line.includes(secret), 'a secret in an argument')
  const place = options.anywhere === true ? [] : ['--data', house.directory]
  const flags = ['--disable-warning=ExperimentalWarning', 'bin/vitalsign.ts']
  const child = spawn(process.execPath, [...flags, ...words, ...place])
  const { promise, resolve } = Promise.withResolvers<Ran>()
  let [out, error] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString()
    options.hear?.(out)
  })
  child.stderr.on('data', (chunk: Buffer) => {
    error += chunk.toString()
  })
  child.stdin.on('error', () => {}) // one that needs no input may be gone before it is written
  child.stdin.end(options.input ?? '')
  child.on('close', (status) => resolve({ status, out, error }))
  return promise
}

/** A command that must end well; its JSON. */
async function json(line: string, options?: RunOptions) {
  const ran = await vitalsign(`${line} --json`, options)
  assert.equal(ran.status, 0, ran.error)
  return JSON.parse(ran.out)
}

async function enrolWith(serial: string, code: string): Promise<Credential> {
  const key = await generateKey('p-256')
  const answer = await postEst(house, 'simpleenroll', await requestBy(key), { user: serial, code })
  return { key, certificate: certificateIn(answer) }
}

function fileWith(name: string, content: string | Uint8Array): string {
  const path = join(files, name)
  writeFileSync(path, content)
  return path
}

test('says what it can, and who it is not', async () => {
  const [help, noun, verb, options] = await Promise.all([
    vitalsign('help', { anywhere: true }),
    vitalsign('device', { anywhere: true }),
    vitalsign('device add --help', { anywhere: true }),
    vitalsign('help options', { anywhere: true }),
  ])
  for (const { status, error } of [help, noun, verb, options]) {
    assert.equal(status, 0)
    assert.equal(error, '')
  }
  assert.match(help.out, /^ {2}device add {2,}expect a device$/m)
  assert.match(noun.out, /vitalsign device retire/)
  assert.match(verb.out, /vitalsign device add SERIAL --product PRODUCT \[OPTIONS\]/)
  assert.match(options.out, /--server https:\/\/HOST:PORT/)
  assert.ok(!help.out.includes('\u001b'), 'colours where no terminal is')
})

test('the command line says which version it is', async () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
  const said = await vitalsign('--version', { anywhere: true })
  assert.deepEqual([said.status, said.out], [0, `vitalsign ${version}\n`])
})

test('wrong use ends with 2 and says what was probably meant', async () => {
  const cases = [
    ['devise list', /no command "devise"/, /did you mean "device"/],
    ['device lst', /no command "device lst"/, /did you mean "device list"/],
    ['list device', /no command "list"/, /did you mean "device list"/],
    ['device list --sate active', /no option --sate/, /did you mean --state/],
    ['device list --state actve', /"actve" is none of/, /did you mean "active"/],
    ['device list --limit many', /"many" is not a whole number/, /vitalsign help device list/],
    ['device list --limit', /--limit wants a value/, /--limit N/],
    ['device add PUMP-0001', /missing: --product/, /vitalsign help device add/],
    ['device add', /missing: SERIAL .*--product/, /vitalsign help device add/],
    ['whoami now', /one word too many/, /vitalsign help whoami/],
    ['device show a --all=yes', /no option --all/, /help device show/],
    ['status --server http://localhost:1', /is no address/, /https:\/\/HOST:PORT/],
    ['status --cert x', /--cert says nothing without --server/, /./],
  ] as const
  await Promise.all(
    cases.map(async ([line, error, hint]) => {
      const ran = await vitalsign(line, { anywhere: true })
      assert.equal(ran.status, 2, line)
      assert.equal(ran.out, '')
      assert.match(ran.error, /^vitalsign: error: /)
      assert.match(ran.error, error)
      assert.match(ran.error, hint)
    }),
  )
})

test('what goes wrong is JSON too, where JSON was asked for', async () => {
  const ran = await vitalsign('device list --limit many --json', { anywhere: true })
  assert.equal(ran.status, 2)
  assert.equal(JSON.parse(ran.out).code, 'wrong-use')
  assert.match(ran.error, /^vitalsign: error: /)
})

test('a directory without an installation is told, and not filled', async () => {
  const empty = temporaryDirectory()
  const ran = await vitalsign(`status --data ${empty}`, { anywhere: true })
  assert.equal(ran.status, 3)
  assert.match(ran.error, /there is no installation in/)
})

test('claims: the passphrase comes by standard input, and a weak one is refused with its remedy', async () => {
  const weak = await vitalsign('claim Ada --maker Acme', { input: 'password1234\n' })
  assert.equal(weak.status, 1)
  assert.match(weak.error, /hint: take four unrelated words/)
  const nameless = await vitalsign('claim', { input: `${passphrase}\n` })
  assert.equal(nameless.status, 2)
  const mute = await vitalsign('claim Ada', { input: '' })
  assert.equal(mute.status, 2)
  assert.match(mute.error, /standard input has no line for it/)

  const claimed = await vitalsign('claim Ada --maker Acme', { input: `${passphrase}\n` })
  assert.equal(claimed.status, 0, claimed.error)
  assert.match(claimed.out, /Ada is the first administrator of Acme/)
  assert.ok(!claimed.out.includes(passphrase))

  const again = await vitalsign('claim Eve --json', { input: `${passphrase}\n` })
  assert.equal(again.status, 1)
  assert.equal(JSON.parse(again.out).code, 'claimed-already')
})

test('adds a product, and refuses a second of its name', async () => {
  const added = await json('product add pump --exposure therapy')
  assert.equal(added.product.name, 'pump')
  const twice = await vitalsign('product add pump')
  assert.equal(twice.status, 1)
  assert.match(twice.error, /another product holds this name/)
  const shown = await vitalsign('product show pump')
  assert.match(shown.out, /^name +pump$/m)
  assert.match(shown.out, /pump-birth +idevid/)
})

test('adds a device with its code, gives the lines to paste, and says when it is here', async () => {
  let credential: Promise<Credential> | undefined
  const watched = await vitalsign('device add PUMP-0001 --product pump --watch', {
    hear: (soFar) => {
      const code = /^((?:[0-9A-Z]{4}-){3,}[0-9A-Z]{4})$/m.exec(soFar)?.[1]
      if (code === undefined || !soFar.includes('waiting for PUMP-0001')) return
      credential ??= enrolWith('PUMP-0001', code).then(async (enrolled) => {
        await ask(house, 'GET', '/whoami', { credential: enrolled })
        return enrolled
      })
    },
  })
  assert.equal(watched.status, 0, watched.error)
  await credential
  const root = house.core.doors.own.find(({ kind }) => kind === 'root')?.certificateSha256.toHex()
  const { port } = house.addresses.devices
  for (const line of [
    /^clients\/sh\/vitalsign-enrol\.sh enrol/m,
    /^bin\/vitalsign-device enrol/m,
  ]) {
    assert.match(watched.out, line)
  }
  assert.ok(
    watched.out.includes(`--server https://localhost:${port} --serial PUMP-0001 --root ${root}`),
  )
  assert.match(watched.out, /PUMP-0001 is here/)
})

test('the lines to paste give a device its identity, as they stand', async () => {
  const added = await vitalsign('device add PUMP-0007 --product pump')
  const pasted = /^bin\/vitalsign-device enrol[\s\S]*?^END$/m.exec(added.out)?.[0] ?? ''
  const state = join(files, 'device')
  const shell = spawn('sh', ['-c', pasted.replace(' enrol ', ` enrol --once --state ${state} `)])
  const { promise, resolve } = Promise.withResolvers<number | null>()
  shell.on('close', resolve)
  assert.equal(await promise, 0)
  assert.equal((await json('device show PUMP-0007')).state, 'active')
})

test('makes another code, which ends the first; the code is in its answer only', async () => {
  const added = await json('device add PUMP-0002 --product pump')
  const made = await json('code new PUMP-0002 --hours 2')
  assert.notEqual(made.code, added.code.code)
  const old = await postEst(house, 'simpleenroll', await requestBy(await generateKey('p-256')), {
    ...{ user: 'PUMP-0002', code: added.code.code },
  })
  assert.equal(old.status, 401)
  await enrolWith('PUMP-0002', made.code)
  const log = await vitalsign('log show --all')
  assert.ok(!log.out.includes(made.code) && !log.out.includes(passphrase))
})

test('lists page by page, and all of them with --all', async () => {
  const csv = [
    'serial,lot',
    ...Array.from({ length: 25 }, (_, row) => `UNIT-${1000 + row},L7`),
  ].join('\n')
  const path = fileWith('units.csv', csv)
  const imported = await vitalsign(`device import ${path} --product pump`)
  assert.equal(imported.status, 0, imported.error)
  assert.match(imported.error, /25 added, 0 here already, 0 refused/)
  const piped = await vitalsign('device import - --product pump', { input: csv })
  assert.match(piped.error, /0 added, 25 here already, 0 refused/)

  const first = await vitalsign('device list --lot L7 --limit 10')
  assert.equal(first.out.trimEnd().split('\n').length, 11)
  const cursor = /--after (\S+)/.exec(first.error)?.[1] ?? ''
  const second = await json(`device list --lot L7 --limit 10 --after ${cursor}`)
  assert.equal(second.items.length, 10)
  const all = await json('device list --lot L7 --limit 10 --all')
  assert.equal(all.items.length, 25)
  assert.equal(all.next, null)
  const table = await vitalsign('device list --lot L7 --limit 10 --all')
  const lines = table.out.trimEnd().split('\n')
  assert.equal(lines.length, 26)
  assert.match(lines[0] ?? '', /^serial +product +state/)
  assert.match(lines[1] ?? '', /^UNIT-\d+ +pump +expected +L7 .* dev_[0-9a-f]{32}$/)
  const none = await vitalsign('device list --state retired')
  assert.equal(none.out, '')
  assert.match(none.error, /^no devices$/m)
})

test('an import with a wrong row names it and ends with 1; one that cannot be read ends with 2', async () => {
  const path = fileWith('wrong.csv', 'serial,product\nGOOD-1,pump\nBAD-1,kettle\n')
  const ran = await vitalsign(`device import ${path} --json`)
  assert.equal(ran.status, 1)
  const lines = ran.out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual(
    lines.map(({ kind }) => kind).filter((kind) => kind !== 'progress'),
    ['refused', 'done'],
  )
  assert.match(ran.error, /row \d: product: no product is named "kettle"/)
  const head = await vitalsign(`device import ${fileWith('head.csv', 'a,b\n1,2\n')} --product pump`)
  assert.equal(head.status, 1)
  assert.match(head.error, /column "a" is not known/)
  const missing = await vitalsign('device import /nowhere.csv --product pump')
  assert.equal(missing.status, 2)
  assert.match(missing.error, /no such file/)
})

test('finds the owner of a certificate, PEM or DER, shows and exports it', async () => {
  const { items } = await json('certificate list --product pump --state issued')
  const id = items.find((item: { deviceSerial: string }) => item.deviceSerial === 'PUMP-0001').id
  const exported = await vitalsign(
    `certificate export ${id} --chain --output ${join(files, 'one.pem')}`,
  )
  assert.equal(exported.status, 0, exported.error)
  const pem = readFileSync(join(files, 'one.pem'), 'utf8')
  assert.equal(pem.match(/BEGIN CERTIFICATE/g)?.length, 2)
  const leaf = new X509Certificate(pem)
  const paths = [fileWith('leaf.pem', leaf.toString()), fileWith('leaf.der', leaf.raw)]
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const working = pem + privateKey.export({ format: 'pem', type: 'pkcs8' })
  paths.push(fileWith('working.pem', working))
  for (const path of paths) assert.equal((await json(`certificate find ${path}`)).id, id)
  const serial = leaf.serialNumber
  const bySerial = await json(`certificate list --serial-number ${serial}`)
  assert.deepEqual(
    bySerial.items.map((item: { id: string }) => item.id),
    [id],
  )
  const stdout = await vitalsign(`certificate export ${id}`)
  assert.equal(stdout.out, leaf.toString())
  const shown = await vitalsign('device show PUMP-0001')
  assert.match(shown.out, new RegExp(id))
  assert.match(shown.out, /device-added/)
})

test('revokes, and the device is cut off', async () => {
  const made = await json('device add PUMP-0003 --product pump')
  const credential = await enrolWith('PUMP-0003', made.code.code)
  const { certificates } = await json('device show PUMP-0003')
  const wordless = await vitalsign(
    `certificate revoke ${certificates[0].id} --reason keyCompromise`,
  )
  assert.equal(wordless.status, 2)
  const revoked = await json(
    `certificate revoke ${certificates[0].id} --reason keyCompromise --because "unit was stolen"`,
  )
  assert.equal(revoked.state, 'revoked')
  const renewal = await renewalBy(credential.key, credential.certificate)
  assert.equal((await postEst(house, 'simplereenroll', renewal, { credential })).status, 403)
  const again = await vitalsign(
    `certificate revoke ${certificates[0].id} --reason superseded --because "once more"`,
  )
  assert.equal(again.status, 0)
  const [act] = (await json('revocation list')).items
  assert.deepEqual([act.act, act.state, act.because], ['end', 'effective', 'unit was stolen'])
  const shown = await vitalsign(`revocation show ${act.id}`)
  assert.match(shown.out, /effective +\d{4}-\d\d-\d\d/)
})

test('what has no such name, or the wrong form, is told by what was written', async () => {
  const nobody = await vitalsign('device show NOBODY')
  assert.equal(nobody.status, 1)
  assert.match(nobody.error, /no device has the serial "NOBODY"/)
  const form = await vitalsign(`device list --lot ${'x'.repeat(70)}`)
  assert.equal(form.status, 2)
  assert.match(form.error, /error: --lot: is too large/)
})

test('a serial that two products share must be told by id', async () => {
  await json('product add drip')
  await json('device add TWIN-1 --product pump --no-code')
  const other = await json('device add TWIN-1 --product drip --no-code')
  assert.equal(other.code, null)
  const unclear = await vitalsign('device show TWIN-1')
  assert.equal(unclear.status, 2)
  assert.match(unclear.error, new RegExp(other.device.id))
  assert.equal((await json(`device show ${other.device.id}`)).productName, 'drip')
})

test('what cannot be is told in the words of the command line', async () => {
  const odd = await vitalsign('certificate list --algorithm p256')
  assert.equal(odd.status, 1)
  assert.match(odd.error, /--algorithm: "p256" is none of .*p-256/)
  assert.match(odd.error, /hint: .*help certificate list/)
  const pair = '--serial-prefix P --expiring-before 2040-01-01T00:00:00Z'
  const both = await vitalsign(`certificate list ${pair}`)
  assert.match(both.error, /--serial-prefix and --expiring-before cannot be asked together/)

  await json('device add OLD-1 --product pump --no-code')
  await json('device retire OLD-1 --reason scrapped')
  const late = await vitalsign('code new OLD-1')
  assert.equal(late.status, 1)
  assert.match(late.error, /hint: .*device show/)
})

test('checks a profile: every fault with its remedy, and 1', async () => {
  const shown = await json('profile show ldevid')
  const good = fileWith('good.json', JSON.stringify(shown.document))
  assert.equal((await vitalsign(`profile check ${good}`)).status, 0)
  const faulty = fileWith(
    'faulty.json',
    JSON.stringify({ ...shown.document, nonsense: 1, kind: 'odd' }),
  )
  const checked = await vitalsign(`profile check ${faulty}`)
  assert.equal(checked.status, 1)
  assert.match(checked.out, /✗ nonsense: /)
  assert.match(checked.out, /✗ kind: /)
  assert.match(checked.out, /→ /)
  const applied = await vitalsign(`profile apply ${faulty}`)
  assert.deepEqual([applied.status, applied.out], [1, checked.out])
  assert.match(applied.error, /nothing was changed/)
  const diff = await vitalsign(`profile diff ${faulty}`)
  assert.match(diff.out, /nonsense/)
  const broken = await vitalsign(`profile check ${fileWith('broken.json', '{ "name": ')}`)
  assert.equal(broken.status, 2)
  assert.match(broken.error, /is not JSON/)
})

test('the first lines of docs/profiles.md copy a profile, check it, and put it in force', async () => {
  const page = readFileSync('docs/profiles.md', 'utf8')
  const lines = [...page.matchAll(/^vitalsign (profile (?:\S+ )+?) {3,}/gm)].map(([, line]) =>
    (line ?? '').trim().replace('pump.json', join(files, 'pump.json')),
  )
  const [show = '', check = '', diff = '', apply = '', ...more] = lines
  assert.deepEqual(more, [])
  assert.equal((await vitalsign(show)).status, 0)
  assert.match((await vitalsign(diff)).out, /nothing would change/)
  const again = await vitalsign(apply)
  assert.equal(again.status, 1)
  assert.match(again.error, /the next version of ldevid is 2/)

  const copy = JSON.parse(readFileSync(join(files, 'pump.json'), 'utf8'))
  fileWith('pump.json', JSON.stringify({ ...copy, name: 'copied-pump' }))
  for (const line of [check, diff, apply]) {
    const ran = await vitalsign(line)
    assert.equal(ran.status, 0, `${line}: ${ran.error}`)
  }
  assert.equal((await json('profile show copied-pump')).number, 1)
  const told = fileWith('told.json', JSON.stringify(await json('profile show copied-pump')))
  assert.match((await vitalsign(`profile diff ${told}`)).out, /nothing would change/)
})

test('exports the log and verifies it without a server; one byte flipped is found and named', async () => {
  const path = join(files, 'log')
  assert.equal((await vitalsign(`log export --output ${path}`)).status, 0)
  const intact = await vitalsign(`log verify ${path}`, { anywhere: true })
  assert.equal(intact.status, 0, intact.out)
  assert.match(intact.out, /✓ the log is intact/)
  const key = /signed by +(\S+)/.exec(intact.out)?.[1] ?? ''
  const keyFile = fileWith('log.key', `${key}\n`)
  assert.equal(
    (await vitalsign(`log verify ${path} --key ${keyFile}`, { anywhere: true })).status,
    0,
  )

  const bytes = readFileSync(path)
  const at = bytes.indexOf('device-added') + 3
  bytes[at] = (bytes[at] ?? 0) ^ 1
  const spoilt = await vitalsign(`log verify ${fileWith('spoilt', bytes)} --json`, {
    anywhere: true,
  })
  assert.equal(spoilt.status, 1)
  const { intact: isIntact, findings } = JSON.parse(spoilt.out)
  assert.equal(isIntact, false)
  const wrong = findings.filter(({ severity }: { severity: string }) => severity === 'wrong')
  assert.match(wrong[0].about, /event \d+/)

  const { checkpoint } = await json('log verify')
  const since = fileWith('checkpoint', checkpoint)
  assert.equal(
    (await vitalsign(`log verify ${path} --since ${since}`, { anywhere: true })).status,
    0,
  )
  const noNote = await vitalsign(`log verify ${path} --since ${keyFile}`, { anywhere: true })
  assert.equal(noNote.status, 2)
})

test('explains without a server, and lists all words', async () => {
  const said = await vitalsign('explain birth identity', { anywhere: true })
  assert.equal(said.status, 0)
  assert.match(said.out, /IDevID, IEEE 802\.1AR/)
  const refusal = await json('explain key-has-another-owner', { anywhere: true })
  assert.match(refusal.remedy, /make a new key/)
  const all = await vitalsign('explain', { anywhere: true })
  assert.ok(all.out.split('\n').length > 150)
  const unknown = await vitalsign('explain enroll', { anywhere: true })
  assert.equal(unknown.status, 1)
  assert.match(unknown.error, /did you mean "enrol"/)
  assert.ok(!unknown.error.includes('docs/'), 'a file that an operator does not have')
})

test('status and doctor tell how things are; doctor ends with 1 where something is bad', async () => {
  const status = await vitalsign('status')
  assert.match(status.out, /a TRIAL installation, claimed/)
  assert.match(status.out, /root +SHA-256 [0-9a-f]{64}/)
  assert.match(status.out, /operators +http:\/\/localhost:\d+/)
  assert.equal((await vitalsign('doctor')).status, 0)
  const production = await vitalsign('doctor --production')
  assert.equal(production.status, 1)
  assert.match(production.out, /✗ environment/)
  assert.match(production.out, /→ /)
})

test('invites a person by a link to open', async () => {
  const invited = await vitalsign('person invite Grace --role operator')
  assert.match(invited.out, /^http:\/\/localhost:\d+\/#join=[\w-]{43}\n$/)
  const removed = await json('person remove Grace')
  assert.equal(removed.state, 'removed')
})

test('speaks from afar as a machine, and trusts only the root that was named', async () => {
  const { key: keyPem, chain } = await (await makeTestAuthority()).issue('line-3')
  const cert = fileWith('line-3.pem', pemOf(chain.slice(0, 1)))
  const key = fileWith('line-3.key', keyPem)
  const root = (await json('status')).rootSha256
  const { port } = house.addresses.devices
  const far = `--server https://localhost:${port} --cert ${cert} --key ${key}`
  const shut = await vitalsign(`status ${far} --root ${root}`, { anywhere: true })
  assert.equal(shut.status, 1)
  assert.match(shut.error, /client certificate of a machine/)

  await json(`machine add line-3 --role auditor --certificate ${cert}`)
  const who = await json(`whoami ${far} --root ${root}`, { anywhere: true })
  assert.deepEqual([who.name, who.role], ['line-3', 'auditor'])
  const less = await vitalsign(`product add sly ${far} --root ${root}`, { anywhere: true })
  assert.equal(less.status, 1)
  assert.match(less.error, /hint: ask somebody who may/)
  const other = await vitalsign(`status ${far} --root ${'0'.repeat(64)}`, { anywhere: true })
  assert.equal(other.status, 1)
  assert.match(other.error, /offers no root/)
  const rootless = await vitalsign(`status ${far}`, { anywhere: true })
  assert.equal(rootless.status, 2)
})

test('where no server runs it opens the installation itself, under its lock, and closes it again', async (t) => {
  const directory = temporaryDirectory()
  const founded = await openTestHouse(directory)
  await founded.stop()
  const free = {
    listen: '127.0.0.1:0',
    'operator-listen': '127.0.0.1:0',
    'status-listen': '127.0.0.1:0',
  }
  writeFileSync(join(directory, 'vitalsign.json'), JSON.stringify(free))
  const line = `product add pump --maker Acme --data ${directory}`
  const added = await vitalsign(line, { anywhere: true })
  assert.equal(added.status, 0, added.error)
  assert.match(
    (await vitalsign(`product list --data ${directory}`, { anywhere: true })).out,
    /^pump /m,
  )
  const reopened = await openTestHouse(directory)
  t.after(() => reopened.stop())
  assert.equal((await reopened.core.ledger.list('product', { limit: 10 })).items.length, 1)
})

test('a reader that has seen enough is no fault', async () => {
  const flags = ['--disable-warning=ExperimentalWarning', 'bin/vitalsign.ts']
  const child = spawn(process.execPath, [...flags, 'log', 'export', '--data', house.directory])
  let error = ''
  child.stderr.on('data', (chunk: Buffer) => {
    error += chunk.toString()
  })
  child.stdout.once('data', () => child.stdout.destroy())
  const { promise, resolve } = Promise.withResolvers<number | null>()
  child.on('close', resolve)
  assert.equal(await promise, 0)
  assert.equal(error, '')
})
