// SPDX-License-Identifier: Apache-2.0
/** What a watcher outside sees of a whole house: figures, readiness, and a line of the log a request. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { after, test } from 'node:test'
import { parseEvent } from '#core/audit/encode-event.ts'
import { newId } from '#core/ledger/ids.ts'
import type { Committed } from '#core/ledger/ledger.ts'
import type { RequestSeen } from '#edge/http/seen.ts'
import { measuredLedger } from '#edge/metrics/measured-ledger.ts'
import { Metrics } from '#edge/metrics/metrics.ts'
import { metricTable } from '#edge/metrics/table.ts'
import { generateKey } from '#trust/private-key.ts'
import {
  ask,
  enrolled,
  fetchStatus,
  openTestHouse,
  postEst,
  requestBy,
  withCode,
  withDevice,
  withProduct,
} from '../support/house.ts'
import { askLocal } from '../support/local-door.ts'

interface Line extends RequestSeen {
  readonly port: string
}

const lines: Line[] = []
let waiting: { readonly enough: number; readonly resolve: () => void } | undefined
let storeAway = false

const house = await openTestHouse(undefined, {
  journal: (port, seen) => {
    lines.push({ port, ...seen })
    if (waiting !== undefined && lines.length >= waiting.enough) waiting.resolve()
  },
  wrapLedger: (ledger) => ({
    ...{ commit: (change) => ledger.commit(change), read: (kind, id) => ledger.read(kind, id) },
    find: (kind, key, values) =>
      storeAway ? Promise.reject(new Error('away')) : ledger.find(kind, key, values),
    ...{ list: (kind, query) => ledger.list(kind, query) },
    count: (kind, query) => ledger.count(kind, query),
  }),
})
after(() => house.stop())
const product = await withProduct(house)
const serial = 'PUMP-4711'
await enrolled(house, product, serial)

/** A request's line comes when its connection has taken the whole answer. */
async function lineOf(id: unknown): Promise<Line> {
  for (;;) {
    const found = lines.find(({ requestId }) => requestId === id)
    if (found !== undefined) return found
    const { promise, resolve } = Promise.withResolvers<void>()
    waiting = { enough: lines.length + 1, resolve }
    await promise
  }
}

async function scrape(): Promise<string> {
  const { status, body } = await fetchStatus(house, '/metrics')
  assert.equal(status, 200)
  return new TextDecoder().decode(body)
}

function figure(page: string, series: string): number {
  const line = page.split('\n').find((one) => one.startsWith(`${series} `))
  return Number(line?.slice(series.length + 1) ?? Number.NaN)
}

test('a refused enrolment is counted by reason, and its line has the id that the device was told', async () => {
  const answer = await postEst(house, 'simpleenroll', await requestBy(await generateKey('p-256')), {
    ...{ user: serial, code: 'AAAA-BBBB-CCCC-DDDD-EEEE-FFFF' },
  })
  assert.equal(answer.status, 401)
  const { milliseconds, ...line } = await lineOf(answer.headers['x-request-id'])
  assert.deepEqual(line, {
    ...{ port: 'devices', requestId: answer.headers['x-request-id'], method: 'POST' },
    ...{ operation: 'est-simpleenroll', status: 401, refusal: 'code-wrong', source: '127.0.0.1' },
  })
  assert.ok(milliseconds > 0)
  await house.sequence()
  const { size } = await house.log.head()
  const events = await house.log.events(size - 20, 20)
  const refused = events
    .flatMap(({ body }) => (body === null ? [] : [parseEvent(body.bytes)]))
    .findLast(({ type }) => type === 'request-refused')
  assert.equal(refused?.facts['requestId'], line.requestId)
  const page = await scrape()
  const of = 'port="devices",operation="est-simpleenroll"'
  assert.equal(figure(page, `vitalsign_refusals_total{${of},refusal="code-wrong"}`), 1)
  assert.equal(figure(page, `vitalsign_http_requests_total{${of},status="401"}`), 1)
  assert.equal(figure(page, `vitalsign_http_requests_total{${of},status="200"}`), 1)
  assert.equal(figure(page, `vitalsign_http_request_seconds_count{${of}}`), 2)
})

test('what the house does and holds is told', async () => {
  await house.sequence()
  const page = await scrape()
  assert.ok(figure(page, 'vitalsign_certificates_issued_total') >= 1)
  assert.equal(figure(page, 'vitalsign_certificates_revoked_total'), 0)
  assert.ok(figure(page, 'vitalsign_certificates_current') >= 3)
  assert.ok(figure(page, 'vitalsign_commit_seconds_count') > 3)
  assert.ok(figure(page, 'vitalsign_log_size') > 5)
  assert.ok(figure(page, 'vitalsign_tls_handshakes_total{port="devices"}') >= 2)
  const issuer = house.core.doors.own.find(({ kind }) => kind === 'issuing')
  const ends = figure(
    page,
    `vitalsign_crl_next_update_timestamp_seconds{authority="${issuer?.name}"}`,
  )
  assert.ok(ends * 1_000 > house.core.clock.now().epochMilliseconds)
  assert.equal(figure(page, 'vitalsign_ready'), 1)
  assert.match(page, /vitalsign_build_info\{version="\d+\.\d+\.\d+",node_version="v26\./)
})

test('a commit waits until it is durable or broken, and no longer', async () => {
  const metrics = new Metrics()
  const asked: PromiseWithResolvers<Committed>[] = []
  const commit = () => {
    const answer = Promise.withResolvers<Committed>()
    asked.push(answer)
    return answer.promise
  }
  const ledger = measuredLedger({ ...house.core.ledger, commit }, metrics, () => 0)
  const waits = () => figure(metrics.text(), 'vitalsign_commits_waiting')
  assert.equal(waits(), 0)
  const all = Array.from({ length: 3 }, () => ledger.commit({ puts: [], events: [] }))
  assert.equal(waits(), 3)
  asked[0]?.resolve({ kind: 'committed' })
  await all[0]
  assert.equal(waits(), 2)
  asked[1]?.reject(new Error('away'))
  await assert.rejects(all[1] ?? Promise.resolve(), /away/)
  asked[2]?.resolve({ kind: 'conflict', record: 'device', id: 'dev_1', rule: 'version' })
  await all[2]
  assert.equal(waits(), 0)
})

test('what has ended is not counted as current, nor as ending; a silent device is counted', async (t) => {
  const other = await openTestHouse()
  t.after(() => other.stop())
  const { core } = other
  const pump = await withProduct(other)
  const { id } = await withDevice(other, pump, 'PUMP-1')
  const [like = assert.fail()] = (await core.ledger.list('certificate', { limit: 1 })).items
  const now = core.clock.now()
  const before = (await core.ledger.list('certificate', { limit: 100 })).items.length
  const puts = [-1, 24, 24 * 29, 24 * 31].map((hours) => ({
    kind: 'certificate' as const,
    record: {
      ...{
        ...like,
        id: newId('certificate', core),
        version: 1,
        sha256: null,
        kind: 'client' as const,
      },
      ...{ serialNumber: core.random.bytes(16), notAfter: now.add({ hours }) },
    },
  }))
  await core.ledger.commit({ puts, events: [] })
  const device = (await core.ledger.read('device', id)) ?? assert.fail()
  const record = { ...device, version: device.version + 1, missedSince: now }
  await core.ledger.commit({ puts: [{ kind: 'device', record }], events: [] })
  const page = new TextDecoder().decode((await fetchStatus(other, '/metrics')).body)
  assert.equal(figure(page, 'vitalsign_certificates_current'), before + 3)
  assert.equal(figure(page, 'vitalsign_certificates_expiring'), 2)
  assert.equal(figure(page, 'vitalsign_devices_silent'), 1)
  const { document } = await askLocal(other, 'GET', '/status')
  assert.deepEqual(
    [document.counts.certificates, document.counts.expiringSoon],
    [before + 3, 2],
    'the status counts alike',
  )
})

test('the end of what devices are shown is told by each node', async () => {
  const ends = figure(await scrape(), 'vitalsign_server_certificate_not_after_timestamp_seconds')
  const inDays = (ends - Date.now() / 1_000) / 86_400
  assert.ok(inDays > 30 && inDays < 400, `${inDays} days`)
})

test('every source of figures can be read', async () => {
  const page = await scrape()
  assert.doesNotMatch(page, /^vitalsign_source_up\{.*\} 0$/m)
  assert.deepEqual(house.troubles, [])
})

test('every metric on the page is of the table, and none holds a serial or an address', async () => {
  await ask(house, 'GET', `/devices/${serial}`)
  await fetchStatus(house, `/crl/${serial}.crl`)
  const page = await scrape()
  const names = [...page.matchAll(/^# TYPE (\S+) (\S+)$/gm)]
  assert.ok(names.length > 25)
  for (const [, name = '', kind] of names) {
    assert.equal(Object.hasOwn(metricTable, name), true, name)
    assert.equal(metricTable[name as keyof typeof metricTable].kind, kind, name)
  }
  assert.ok(!page.includes(serial) && !page.includes('127.0.0.1'))
  assert.match(page, /operation="unknown"/)
})

test('a job that ran shows its runs, and when it last went well', async () => {
  // The jobs start with the house; their first runs may still be under way.
  let page = await scrape()
  while (!/vitalsign_job_runs_total\{task="crl-refresh",result="done"\}/.test(page)) {
    await new Promise(setImmediate)
    page = await scrape()
  }
  assert.ok(figure(page, 'vitalsign_job_runs_total{task="crl-refresh",result="done"}') >= 1)
  const wentWell = 'vitalsign_job_last_success_timestamp_seconds{task="crl-refresh"}'
  assert.ok(Math.abs(figure(page, wentWell) - Date.now() / 1_000) < 600)
})

test('promtool finds nothing to say against the page', {
  skip:
    spawnSync('promtool', ['--version']).error !== undefined &&
    process.env['PEERS'] !== 'required' &&
    'peer not installed: promtool',
}, async () => {
  const input = await scrape()
  const judged = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' })
  assert.equal(judged.status, 0, judged.stdout + judged.stderr)
})

test('an operation of the API is seen by its name, on the port by which it came', async () => {
  const { host, port } = house.addresses.operators
  const answer = await fetch(`http://${host}:${port}/api/v1/devices?serial=${serial}`)
  const { code, instance } = (await answer.json()) as { code: string; instance: string }
  const line = await lineOf(answer.headers.get('x-request-id'))
  assert.equal(`urn:request:${line.requestId}`, instance)
  assert.deepEqual(
    [line.port, line.operation, line.status, line.refusal],
    ['operators', 'device.list', answer.status, code],
  )
  const machine = await ask(house, 'GET', '/api/v1/devices')
  const seen = await lineOf(machine.headers['x-request-id'])
  assert.deepEqual([seen.port, seen.operation], ['devices', 'device.list'])
})

test('no line holds the code that a device sent', async () => {
  const device = await withDevice(house, product, 'PUMP-4712')
  const code = await withCode(house, device)
  const answer = await postEst(house, 'simpleenroll', await requestBy(await generateKey('p-256')), {
    ...{ user: 'PUMP-4712', code },
  })
  await lineOf(answer.headers['x-request-id'])
  assert.ok(!JSON.stringify(lines).includes(code))
  assert.ok(!JSON.stringify(lines).includes('PUMP-4712'))
})

test('a store that does not answer makes the house not ready, and alive all the same', async () => {
  const verbose = async () => {
    const { status, body } = await fetchStatus(house, '/readyz?verbose')
    return { status, ...JSON.parse(new TextDecoder().decode(body)) }
  }
  const open = { keys: true, doors: true, running: true }
  const checks = { ...open, clock: true, store: true, nodes: true, signing: true }
  assert.deepEqual(await verbose(), { status: 200, ready: true, checks })
  storeAway = true
  assert.deepEqual(await verbose(), {
    ...{ status: 503, ready: false, checks: { ...checks, store: false } },
  })
  const short = await fetchStatus(house, '/readyz')
  assert.equal(new TextDecoder().decode(short.body), 'not ready: store\n')
  assert.equal((await fetchStatus(house, '/healthz')).status, 200)
  storeAway = false
  assert.equal((await verbose()).status, 200)
})

test('who may not read the metrics hears 403', async () => {
  const { HouseMetrics } = await import('#house/metrics.ts')
  const { route } = new HouseMetrics({ readers: ['10.1.0.0/16', '2001:db8::5'], report: () => {} })
  const from = async (address: string) => {
    const request = { method: 'GET', path: '/metrics', query: new URLSearchParams(), headers: {} }
    const peer = { address, certificates: [] }
    const rest = { body: new Uint8Array(), requestId: '0' }
    return (await route.handler({ ...request, ...rest, peer })).status
  }
  for (const address of ['127.0.0.1', '::1', '10.1.255.3', '2001:db8::5']) {
    assert.equal(await from(address), 200, address)
  }
  for (const address of ['10.2.0.1', '192.0.2.1', '2001:db8::6', '']) {
    assert.equal(await from(address), 403, address)
  }
})
