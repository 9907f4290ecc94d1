// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rules } from '#trust/secrets/rules.ts'
import { scanTime } from '../../../test/support/scan.ts'
import { type Acceptance, applyBaseline, readBaseline, writeBaseline } from './baseline.ts'
import type { Finding } from './finding.ts'
import type { NotScanned } from './not-scanned.ts'
import { makeReport, passes, resultOf } from './report.ts'
import { sarifOf } from './sarif.ts'

const today = scanTime.toZonedDateTimeISO('UTC').toPlainDate()
const identity = 'ab'.repeat(32)
const finding: Finding = {
  ...{ rule: 'private-key', severity: 'critical', confidence: 'certain', identity },
  ...{ path: ['fw-1.2.tar', 'etc/ssl/device.key'], offset: 0, what: 'P-256 private key' },
}
const entry = {
  ...{ rule: 'private-key', identity, because: 'a test key', by: 'ada', until: '2027-01-31' },
}

function baseline(...accept: object[]): string {
  return JSON.stringify({ 'vitalsign-baseline': 1, accept })
}

function entriesOf(text: string): readonly Acceptance[] {
  const read = readBaseline(text, today)
  if (read.kind === 'fault') assert.fail(`${read.where} ${read.fault}`)
  return read.entries
}

test('a finding is accepted by rule and identity, until the day is over', () => {
  const entries = entriesOf(baseline(entry))
  for (const [now, accepts] of [
    ['2027-01-31T23:59:59Z', true],
    ['2027-02-01T00:00:00Z', false],
  ] as const) {
    const judged = applyBaseline([finding], entries, Temporal.Instant.from(now))
    assert.deepEqual(
      [judged.findings.length, judged.accepted.length, judged.expired.length, judged.unused.length],
      accepts ? [0, 1, 0, 0] : [1, 0, 1, 0],
    )
  }
})

test('an acceptance holds for its own rule, identity and path, and what nothing needs is told', () => {
  const others = [
    { ...entry, rule: 'test-key' },
    { ...entry, identity: 'cd'.repeat(32) },
    { ...entry, path: 'other.tar!/**' },
    { ...entry, path: '*.key' },
  ]
  for (const other of others) {
    const judged = applyBaseline([finding], entriesOf(baseline(other)), scanTime)
    assert.deepEqual([judged.findings.length, judged.unused.length], [1, 1])
  }
  for (const path of ['fw-*.tar!/etc/ssl/*.key', '**.key', 'fw-1.2.tar!/etc/**'])
    assert.equal(
      applyBaseline([finding], entriesOf(baseline({ ...entry, path })), scanTime).accepted.length,
      1,
    )
})

test('a baseline that is not as it should be is refused, with the place', () => {
  const { because: _, ...withoutReason } = entry
  const wrong: readonly (readonly [string, string])[] = [
    ['not json', 'the file'],
    ['[]', 'the file'],
    [JSON.stringify({ accept: [] }), 'vitalsign-baseline'],
    [JSON.stringify({ 'vitalsign-baseline': 1, accept: [], more: 1 }), 'the file'],
    [baseline({ ...entry, becuase: 'x' }), 'accept[0]'],
    [baseline(entry, withoutReason), 'accept[1].because'],
    [baseline({ ...entry, rule: 'no-such-rule' }), 'accept[0].rule'],
    [baseline({ ...entry, identity: 'abc' }), 'accept[0].identity'],
    [baseline({ ...entry, until: '2027-02-30' }), 'accept[0].until'],
    [baseline({ ...entry, until: 'for ever' }), 'accept[0].until'],
    [baseline({ ...entry, until: `${today.add({ days: 367 })}` }), 'accept[0].until'],
  ]
  for (const [text, where] of wrong) {
    const read = readBaseline(text, today)
    assert.equal(read.kind === 'fault' ? read.where : 'read', where)
  }
})

test('what is written as a baseline is read again, and keeps what was there', () => {
  const says = { because: 'known', by: 'ada', until: Temporal.PlainDate.from('2027-02-01') }
  const old = entriesOf(baseline({ ...entry, identity: 'cd'.repeat(32), path: 'x/**' }))
  const again = entriesOf(writeBaseline([finding, finding], old, says, today))
  assert.deepEqual(
    again.map((one) => [one.identity, one.path, `${one.until}`]),
    [
      ['cd'.repeat(32), 'x/**', '2027-01-31'],
      [identity, null, '2027-02-01'],
    ],
  )
})

test('what has ended and is accepted anew stands once in what is written', () => {
  const says = { because: 'still known', by: 'ada', until: Temporal.PlainDate.from('2027-02-01') }
  const old = entriesOf(
    baseline(
      { ...entry, until: '2026-10-31' },
      { ...entry, until: '2026-10-31', identity: 'cd'.repeat(32) },
    ),
  )
  const again = entriesOf(writeBaseline([finding], old, says, today))
  assert.deepEqual(
    again.map((one) => `${one.identity.slice(0, 2)} ${one.until}`),
    ['cd 2026-10-31', 'ab 2027-02-01'],
  )
})

const scan = { paths: ['fw-1.2.tar'], startedAt: scanTime, endedAt: scanTime, files: 1, octets: 9 }
const unread: NotScanned = {
  ...{ kind: 'not-scanned', reason: 'encrypted', path: ['fw-1.2.tar', 'a b'], offset: null },
  because: 'its members are encrypted',
}

test('the gate stops what is as grave as it says, and what could not be looked into', () => {
  const reportOf = (findings: readonly Finding[], notScanned: readonly NotScanned[]) =>
    makeReport({ ...scan, notScanned }, { findings, accepted: [], expired: [], unused: [] })
  const warning: Finding = { ...finding, severity: 'warning' }
  const gate = { failOn: 'critical', allowUnscanned: false } as const
  assert.equal(passes(reportOf([], []), gate), true)
  assert.equal(passes(reportOf([warning], []), gate), true)
  assert.equal(passes(reportOf([warning], []), { ...gate, failOn: 'warning' }), false)
  assert.equal(passes(reportOf([finding], []), gate), false)
  assert.equal(passes(reportOf([], [unread]), gate), false)
  assert.equal(passes(reportOf([], [unread]), { ...gate, allowUnscanned: true }), true)
  assert.equal(passes(reportOf([finding], [unread]), { ...gate, failOn: 'never' }), true)
  assert.equal(resultOf(reportOf([], [])), 'clean')
  assert.equal(resultOf(reportOf([], [unread])), 'part')
  assert.equal(resultOf(reportOf([finding], [unread])), 'found')
})

test('a report is told the gravest first', () => {
  const notice: Finding = { ...finding, severity: 'notice', path: ['a'] }
  const report = makeReport(
    { ...scan, notScanned: [] },
    { findings: [notice, finding], accepted: [], expired: [], unused: [] },
  )
  assert.deepEqual(
    report.findings.map(({ severity }) => severity),
    ['critical', 'notice'],
  )
})

test('what a file is called makes no link in the messages of SARIF', () => {
  const path = ['fw.tar', 'etc/[click](https://evil.example)']
  const report = makeReport(
    { ...scan, notScanned: [] },
    { findings: [{ ...finding, path }], accepted: [], expired: [], unused: [] },
  )
  const { runs } = JSON.parse(JSON.stringify(sarifOf(report, '1.0.0')))
  assert.match(runs[0].results[0].message.text, /etc\/\\\[click\\\]\(https/)
})

test('SARIF names each rule, each result with its fingerprint, and what was accepted as suppressed', () => {
  const judged = applyBaseline(
    [finding, { ...finding, path: ['dir/a file.pem'], offset: 7, identity: 'ef'.repeat(32) }],
    entriesOf(baseline(entry)),
    scanTime,
  )
  const report = makeReport({ ...scan, notScanned: [unread] }, judged)
  const sarif = JSON.parse(JSON.stringify(sarifOf(report, '1.0.0')))
  assert.equal(sarif.version, '2.1.0')
  const [run] = sarif.runs
  assert.deepEqual(
    run.tool.driver.rules.map(({ id }: { id: string }) => id),
    Object.keys(rules),
  )
  const [open, accepted] = run.results
  assert.equal(run.tool.driver.rules[open.ruleIndex].id, open.ruleId)
  assert.equal(open.level, 'error')
  assert.deepEqual(open.locations[0].physicalLocation, {
    artifactLocation: { uri: 'dir/a%20file.pem' },
    region: { byteOffset: 7 },
  })
  assert.equal(open.suppressions, undefined)
  // An offset within what lies inside is none of the file outside.
  assert.deepEqual(accepted.locations[0].physicalLocation, {
    artifactLocation: { uri: 'fw-1.2.tar' },
  })
  assert.equal(
    accepted.locations[0].logicalLocations[0].fullyQualifiedName,
    'fw-1.2.tar!/etc/ssl/device.key',
  )
  assert.equal(accepted.partialFingerprints['vitalsignIdentity/v1'], identity)
  assert.match(accepted.suppressions[0].justification, /a test key .*ada/)
  assert.match(run.invocations[0].toolExecutionNotifications[0].message.text, /encrypted/)
})
