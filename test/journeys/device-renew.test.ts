// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, beforeEach, test } from 'node:test'
import { dueOf } from '#device/due.ts'
import { enrol } from '#device/enrol.ts'
import { type Kept, keepUp } from '#device/keep-up.ts'
import type { NoisePorts } from '#device/noise/machine.ts'
import { noiseSettingsOf } from '#device/noise/noise-settings.ts'
import { run } from '#device/run.ts'
import { fileOf, readCredential } from '#device/state/state.ts'
import { sameBytes } from '#format/bytes.ts'
import {
  type Bench,
  benchOf,
  enrolledBench,
  enrolmentAt,
  expectDevice,
  FragileFiles,
  settingsFor,
  workingOf,
} from './support/device-bench.ts'
import { answerText, openEstServer, type TestServer } from './support/est-server.ts'

let server: TestServer
let start: Temporal.Instant
before(async () => {
  // A server certificate that outlives all that these tests let pass.
  const until = Temporal.Instant.from('2035-01-01T00:00:00Z')
  server = await openEstServer({ serverUntil: until })
  start = server.rules.now
})
after(() => server.close())
beforeEach(() => {
  server.rules.now = start
  server.rules.instead = () => false
  server.rules.word = {}
})

/** The same device some time later, by the server's clock and by its own. */
function later(bench: Bench, hours: number): Bench {
  server.rules.now = start.add({ hours })
  return benchOf(bench.files, server.rules.now)
}

async function kept(bench: Bench, now = false): Promise<Kept> {
  const outcome = await keepUp(bench, { now })
  assert.equal(outcome.kind, 'kept', JSON.stringify(outcome))
  return outcome as Kept
}

test('nothing is renewed before two thirds of its life', async () => {
  const bench = await enrolledBench(server, 'PUMP-0201')
  const early = await kept(later(bench, 24 * 59))
  assert.equal(early.what, 'nothing-due')
  assert.ok(early.untilDue.total('hours') > 23 && early.untilDue.total('hours') < 24 * 6)
})

test('what is due is renewed with a new key under the same names', async () => {
  const bench = await enrolledBench(server, 'PUMP-0202')
  const { leaf: old } = workingOf(bench)
  const done = await kept(later(bench, 24 * 70))
  const { leaf } = workingOf(bench)
  assert.equal(done.what, 'renewed')
  assert.deepEqual(leaf.subject.der, old.subject.der)
  assert.ok(!sameBytes(leaf.publicKey.der, old.publicKey.der))
  assert.equal(
    server.issued.find((one) => sameBytes(one.certificate.der, old.der))?.state,
    'retired',
  )
})

test('the server’s word moves the date, but not beyond nine tenths of the life', async () => {
  const bench = await enrolledBench(server, 'PUMP-0203')
  server.rules.word = { renewFrom: `${start.add({ hours: 10 })}` }
  assert.equal((await kept(later(bench, 9))).what, 'nothing-due')
  assert.equal((await kept(later(bench, 10))).what, 'renewed')
  server.rules.word = { renewFrom: '2100-01-01T00:00:00Z' }
  const { leaf } = workingOf(bench)
  const life = leaf.notAfter.since(leaf.notBefore).total('hours')
  const { due } = await kept(later(bench, 24 * 70))
  assert.equal(due.since(leaf.notBefore).total('hours'), life * 0.9)
})

test('a device that expired comes back through its birth identity', async () => {
  const bench = await enrolledBench(server, 'PUMP-0204', { birth: true })
  assert.equal((await kept(later(bench, 24 * 400))).what, 'recovered')
  assert.equal((await kept(later(bench, 24 * 400))).what, 'nothing-due')
})

test('a device that expired without a birth identity says what to do', async () => {
  const bench = await enrolledBench(server, 'PUMP-0205')
  const refused = await keepUp(later(bench, 24 * 400), { now: false })
  assert.equal(refused.kind === 'refused' && refused.reason, 'birth-missing')
  assert.ok(readCredential(bench.files, fileOf.inUse('working')))
})

test('a device that can make no key keeps the one that it has, shortly before its certificate ends', async () => {
  const source = { good: true }
  const noise: NoisePorts = {
    read: async (_, octets) => (source.good ? randomBytes(octets) : new Uint8Array(octets)),
    kernelReady: () => true,
    readText: () => undefined,
  }
  const hwrng = noiseSettingsOf('/dev/hwrng', {})
  if (typeof hwrng === 'string') assert.fail(hwrng)
  const settings = { ...settingsFor(server, 'PUMP-0216'), noise: hwrng }
  expectDevice(server, 'PUMP-0216', 'right')
  const bench = benchOf(undefined, start)
  await enrol({ ...bench, noise }, enrolmentAt(server, 'PUMP-0216', { settings }))
  const { leaf } = workingOf(bench)
  const life = leaf.notAfter.since(leaf.notBefore).total('hours')
  source.good = false
  const early = later(bench, Math.floor(life * 0.85))
  await assert.rejects(keepUp({ ...early, noise }, { now: false }), { code: 'noise-unhealthy' })
  assert.deepEqual(workingOf(bench).leaf.der, leaf.der)

  const late = later(bench, Math.ceil(life * 0.93))
  assert.equal((await kept({ ...late, noise })).what, 'renewed')
  const again = workingOf(bench).leaf
  assert.deepEqual(again.publicKey.der, leaf.publicKey.der)
  assert.ok(Temporal.Instant.compare(again.notAfter, leaf.notAfter) > 0)
  assert.match(
    late.said[0] ?? '',
    /repetition-count .*; no key is made, and the one in use is certified/,
  )

  source.good = true
  assert.equal((await kept({ ...late, noise }, true)).what, 'renewed')
  assert.notDeepEqual(workingOf(bench).leaf.publicKey.der, leaf.publicKey.der)
})

test('a working identity that the disk damaged is put aside where a birth identity stands', async () => {
  const bench = await enrolledBench(server, 'PUMP-0206', { birth: true })
  bench.files.write('working.pem', new TextEncoder().encode('-----BEGIN nonsense'))
  assert.equal((await kept(bench)).what, 'recovered')
  assert.ok(bench.files.read(fileOf.damaged))
})

test('a damaged working identity without a birth identity is named', async () => {
  const bench = await enrolledBench(server, 'PUMP-0207')
  bench.files.write('working.pem', new Uint8Array(100))
  await assert.rejects(keepUp(bench, { now: false }), {
    code: 'state-damaged',
    message: /working\.pem/,
  })
})

test('a server that cannot be asked is no reason to stop while nothing is due', async () => {
  const bench = await enrolledBench(server, 'PUMP-0208')
  server.rules.instead = (_request, response) => {
    answerText(response, 503, 'busy')
    return true
  }
  const done = await kept(bench)
  assert.equal(done.what, 'nothing-due')
  assert.equal(done.unheard, 'status 503: busy')
  const due = await keepUp(later(bench, 24 * 70), { now: false })
  assert.equal(due.kind, 'later')
})

const neverSet = Temporal.Instant.from('1970-01-01T00:00:07Z')

test('a device whose clock stands at 1970 enrols', async () => {
  expectDevice(server, 'PUMP-0210', 'right')
  const bench = benchOf(new FragileFiles(), neverSet)
  assert.equal((await enrol(bench, enrolmentAt(server, 'PUMP-0210'))).kind, 'proved')
})

test('a device whose clock stands at 1970 learns from the server that a renewal is due', async () => {
  const bench = await enrolledBench(server, 'PUMP-0211')
  server.rules.now = start.add({ hours: 24 * 50 })
  assert.equal((await kept(benchOf(bench.files, neverSet))).what, 'nothing-due')
  server.rules.now = start.add({ hours: 24 * 70 })
  assert.equal((await kept(benchOf(bench.files, neverSet))).what, 'renewed')
})

test('a device without a clock takes a server certificate that only began after its own', async () => {
  // For OpenSSL, too, this one is not valid yet; only the device's own judgement can be content.
  const since = Temporal.Now.instant().add({ hours: 48 })
  const fresh = await openEstServer({ now: since.add({ hours: 2 }), serverSince: since })
  try {
    const bench = await enrolledBench(fresh, 'PUMP-0212')
    assert.equal((await kept(benchOf(bench.files, neverSet))).what, 'nothing-due')
  } finally {
    await fresh.close()
  }
})

test('a device without a clock refuses what ended before anything that it holds began', async () => {
  const past = start.subtract({ hours: 24 * 30 })
  const stale = await openEstServer({
    root: server.root,
    serverSince: past,
    serverUntil: start.subtract({ hours: 24 }),
  })
  try {
    const bench = await enrolledBench(server, 'PUMP-0213')
    const settings = new TextDecoder().decode(bench.files.read('settings'))
    const moved = settings.replace(/^server=.*$/m, `server=${stale.url}`)
    bench.files.write('settings', new TextEncoder().encode(moved))
    const refused = await keepUp(benchOf(bench.files, neverSet), { now: true })
    assert.equal(refused.kind === 'refused' && refused.reason, 'certificate-expired')
    assert.deepEqual(stale.heard, [])
  } finally {
    await stale.close()
  }
})

test('due is always the same for one certificate, within a twentieth of its life', async () => {
  const { leaf } = workingOf(await enrolledBench(server, 'PUMP-0214'))
  const share =
    dueOf(leaf).since(leaf.notBefore).total('seconds') /
    leaf.notAfter.since(leaf.notBefore).total('seconds')
  assert.ok(share >= 0.666 && share < 0.717, `${share}`)
  assert.deepEqual(dueOf(leaf), dueOf(leaf))
})

test('the daemon goes on after every kind of failure, with pauses that grow up to an hour', async () => {
  const bench = await enrolledBench(server, 'PUMP-0215')
  const passes: string[] = []
  const failing = later(bench, 24 * 70)
  server.rules.instead = (request, response) => {
    if (passes.length === 14) return false
    if (passes.length % 2 === 0) response.destroy()
    else answerText(response, 403, 'no')
    return request.method !== undefined
  }
  const stop = new Error('enough')
  const ports = {
    ...failing,
    wait: async (span: Temporal.Duration) => {
      await failing.wait(span)
      if (failing.waited.length === 15) throw stop
    },
  }
  const tell = (pass: { kind?: string; code?: string }) => passes.push(pass.kind ?? pass.code ?? '')
  await assert.rejects(run(ports, tell), stop)
  assert.deepEqual([...new Set(passes)], ['connection-cut', 'refused', 'kept'])
  const [first, ...others] = failing.waited
  assert.equal(first, 1_500)
  assert.equal(others.at(-2), 0.75 * 3_600_000)
  // Well again: it looks the next day.
  assert.equal(others.at(-1), 0.95 * 86_400_000)
})

test('a directory without an enrolment is "not-enrolled"', async () => {
  const refused = await keepUp(benchOf(), { now: false })
  assert.equal(refused.kind === 'refused' && refused.reason, 'not-enrolled')
})
