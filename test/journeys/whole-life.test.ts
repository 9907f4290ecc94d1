// SPDX-License-Identifier: Apache-2.0
/**
 * The whole way of an installation, at the prompt: begun on SQLite, backed up, moved to PostgreSQL, grown to
 * two servers, one of which is lost, and then the database; restored from the backup. Devices renew all the
 * while, and after each step the commands say what happened.
 */
import assert from 'node:assert/strict'
import { copyFileSync, cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { temporaryDirectory } from '../support/house.ts'
import { ownCluster, postgresPlace, withoutPostgres } from '../support/postgres.ts'
import { Balancer, Herd } from './support/herd.ts'
import { run, Server } from './support/person.ts'

const place = temporaryDirectory()
const started = new Set<Server>()

/** A command line that ends well; what it said. */
const vitalsign = (line: string, data: string, input = '') =>
  run(place, `vitalsign ${line} --data ${data}`, { input })

async function ask(line: string, data: string) {
  return JSON.parse(await vitalsign(`${line} --json`, data))
}

async function serve(data: string): Promise<Server> {
  const server = await Server.start(place, data)
  started.add(server)
  return server
}

test('from the first start to the day after a disaster, and told of each step', {
  skip: withoutPostgres,
  timeout: 180_000,
}, async () => {
  const cluster = await ownCluster()
  const balancer = await Balancer.open()
  const herd = new Herd(place)
  after(async () => {
    await herd.end().catch(() => {}) // told by the test already
    balancer.close()
    for (const server of started) await server.kill()
    await cluster.remove()
  })

  // The first hour, on SQLite.
  settings('one', {})
  let one = await serve('one')
  balancer.leadTo(one.devices)
  await vitalsign('claim Ada --maker Acme', 'one', 'lantern oboe glacier marzipan\n')
  await vitalsign('product add pump', 'one')
  await renewAtOnce('one')
  const [, root] = /SHA-256 ([0-9a-f]{64})/.exec(one.said) ?? []
  const words = `--server https://localhost:${balancer.port} --root ${root}`
  for (const serial of ['PUMP-1', 'PUMP-2', 'PUMP-3']) {
    await herd.enrol(serial, await expected(serial, 'one'), words)
  }
  await herd.more(3)

  // Yesterday's backup.
  const [recipient] = (await run(place, 'vitalsign backup new-key recovery.key')).split('\n')
  const unspent = await expected('PUMP-4', 'one')
  await vitalsign(`backup make yesterday.backup --to ${recipient}`, 'one')
  assert.match(await vitalsign('backup list', 'one'), /yesterday\.backup/)

  // To PostgreSQL, while devices renew: they come again until somebody is there.
  const database = await postgresPlace({ empty: true, on: cluster })
  herd.beginMore(3)
  await one.stop()
  const moved = await vitalsign(`store move --to ${database.url}`, 'one')
  assert.match(
    moved,
    /moved to postgres:.*\n.* rows in .* the same digests on both sides\n.* events, /,
  )
  one = await serve('one')
  balancer.leadTo(one.devices)
  await herd.more(0)
  assert.match(await vitalsign('log show --type store-moved', 'one'), /store-moved/)
  await demandSound('one', 3)

  // A second server: the same words, the same passphrase.
  mkdirSync(join(place, 'two'), { mode: 0o700 })
  for (const file of ['vitalsign.json', 'unlock'])
    copyFileSync(join(place, 'one', file), join(place, 'two', file))
  const two = await serve('two')
  balancer.leadTo(one.devices, two.devices)
  await herd.more(4)
  const nodes: { name: string; state: string }[] = (await ask('node list', 'two')).items
  assert.deepEqual(
    nodes.map(({ state }) => state),
    ['running', 'running'],
  )
  assert.match(await vitalsign('doctor', 'one'), /✓ nodes .*, .*/)
  const [lost] = nodes
    .map(({ name }) => name)
    .filter((name) => two.said.includes(`node       ${name}`))
  assert.ok(lost !== undefined)

  // One of them is lost.
  herd.beginMore(4)
  await two.kill()
  await herd.more(2)
  await database.sql(twoMinutesPassFor(lost))
  assert.match(await vitalsign('node list', 'one'), new RegExp(`^${lost} +silent`, 'm'))
  assert.match(
    await vitalsign('doctor', 'one'),
    new RegExp(`! nodes +node ${lost} on .* last seen`),
  )
  assert.match(await vitalsign('status', 'one'), new RegExp(`node ${lost} on .* was last seen`))

  // The connections to the database are cut; then it is gone; then it is back.
  herd.beginMore(3)
  await database.sql(cutConnections)
  await herd.more(1)
  const checkpoint = await one.fetch('/log/checkpoint')
  await cluster.stop('immediate')
  assert.match(await one.fetch('/readyz?verbose'), /"clock":true,"store":false/)
  assert.match(
    await run(place, 'vitalsign status --data one', { status: 3 }),
    /error: the database cannot be reached/,
  )
  herd.beginMore(3)
  await cluster.start()
  await herd.more(0)
  assert.match(await one.fetch('/readyz?verbose'), /"store":true/)
  await herd.enrol('PUMP-5', await expected('PUMP-5', 'one'), words)
  await herd.more(2)
  await database.until(`SELECT 1 FROM alarm WHERE kind = 'node-silent'`)
  assert.match(
    await vitalsign('alarm list', 'one'),
    new RegExp(`^warning +node-silent +node ${lost} on .* was last seen`, 'm'),
  )
  await demandSound('one', 4)
  await demandKnown(herd, 'one')

  // The database and its servers are lost for good: yesterday's backup, into a fresh one.
  await herd.end()
  await one.kill()
  await database.remove()
  const fresh = await postgresPlace({ empty: true, on: cluster })
  const restored = await vitalsign(
    `backup restore yesterday.backup --identity recovery.key --database ${fresh.url}`,
    'again',
  )
  assert.match(restored, /restored into again: epoch 2 begins/)
  assert.match(restored, /What was revoked after .* is not known here: revoke it again/)
  copyFileSync(join(place, 'one', 'unlock'), join(place, 'again', 'unlock'))
  let again = await serve('again')
  balancer.leadTo(again.devices)

  // Devices that the backup knew teach it what they were given since.
  for (const serial of ['PUMP-1', 'PUMP-2', 'PUMP-3']) await device(`verify --state ${serial}`)
  // One that came since is told why not, until somebody adds it again.
  const stranger = await device('verify --state PUMP-5', 1)
  assert.match(stranger, /device-unknown: .* of the time that a restore lost; device PUMP-5 is not/)
  const code = await expected('PUMP-5', 'again')
  assert.notEqual(code, '')
  await device('verify --state PUMP-5')
  for (const serial of herd.serials) await device(`renew --now --state ${serial}`)
  // A code of yesterday may have been spent since.
  const spent = `enrol ${words} --serial PUMP-4 --state PUMP-4 --code-file - --once`
  assert.match(await device(spent, 1, `${unspent}\n`), /code-expired/)

  const report = await ask('backup report', 'again')
  assert.equal(report.learntCount, 4)
  const taught = report.learnt.map(({ serial }: { serial: string }) => serial).toSorted()
  assert.deepEqual(taught, herd.serials.toSorted())
  assert.match(await vitalsign('alarm list', 'again'), /certificates-learnt +4 certificates/)
  const doctor = await vitalsign('doctor', 'again')
  assert.match(
    doctor,
    /! restores +epoch 2 began .* backup of .*; 4 certificates.*; the list of root/,
  )
  assert.match(doctor, /→ bring the directory "root" back and start once/)
  cpSync(join(place, 'one', 'root'), join(place, 'again', 'root'), { recursive: true })
  await again.stop()
  again = await serve('again')
  balancer.leadTo(again.devices)
  assert.match(await vitalsign('doctor', 'again'), /✓ restores +epoch 2 began/)
  assert.match(await vitalsign('status', 'again'), /^ {2}epoch +2, since it was restored/m)
  for (const serial of herd.serials) await device(`verify --state ${serial}`)
  assert.match(await vitalsign('log show --all', 'again'), /installation-restored .* epoch=2/)
  writeFileSync(join(place, 'lost.checkpoint'), checkpoint)
  await vitalsign('log add-head lost.checkpoint', 'again')
  assert.match(await vitalsign('log heads', 'again'), /^lost .*\n^restored /m)
  await demandSound('again', 4)
  await vitalsign('log export --output again.log', 'again')
  assert.match(await run(place, 'vitalsign log verify again.log'), /✓/)
})

const cutConnections = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid()`

const twoMinutesPassFor = (node: string) =>
  `UPDATE node SET "seenAt" = "seenAt" - 120000 WHERE name = '${node}'`

/** Nothing is bad, the ledger and its log agree, and so many devices are active. */
async function demandSound(data: string, active: number): Promise<void> {
  const { findings } = await ask('doctor', data)
  const bad = findings.filter(({ verdict }: { verdict: string }) => verdict === 'bad')
  assert.deepEqual(bad, [])
  assert.match(await vitalsign('log verify', data), /✓ the log and the ledger agree/)
  const { items } = await ask('device list --state active', data)
  assert.equal(items.length, active)
}

/** Every certificate that a device was given is in the ledger. */
async function demandKnown(herd: Herd, data: string): Promise<void> {
  const { items } = await ask('certificate list --all', data)
  const known = new Set(items.map(({ serialNumber }: { serialNumber: string }) => serialNumber))
  for (const serialNumber of herd.renewed) assert.ok(known.has(serialNumber), serialNumber)
}

/** The device's program; what it said. */
const device = (line: string, status = 0, input = '') =>
  run(place, `vitalsign-device ${line}`, { status, input })

/** What stands in `DIR/vitalsign.json`. */
function settings(data: string, more: Readonly<Record<string, string>>): void {
  mkdirSync(join(place, data), { mode: 0o700 })
  const free = {
    listen: '127.0.0.1:0',
    'operator-listen': '127.0.0.1:0',
    'status-listen': '127.0.0.1:0',
  }
  const words = { ...free, 'public-url': 'http://pki.test', ...more }
  writeFileSync(join(place, data, 'vitalsign.json'), JSON.stringify(words))
}

/** Expects a device; gives its code. */
async function expected(serial: string, data: string): Promise<string> {
  const added = await ask(`device add ${serial} --product pump`, data)
  return added.code.code
}

/** Lets devices renew as soon as they have a certificate. */
async function renewAtOnce(data: string): Promise<void> {
  const { document } = await ask('profile show ldevid', data)
  const because = 'this test has no day'
  const changed = {
    ...{ ...document, version: document.version + 1, validity: { hours: 24, because } },
    renewal: { ...document.renewal, fromPercent: 1, because },
  }
  writeFileSync(join(place, 'ldevid.json'), JSON.stringify(changed))
  await vitalsign('profile apply ldevid.json', data)
}
