// SPDX-License-Identifier: Apache-2.0
/** What people read of releases, plans, rotations and scans: nothing that is there is told as missing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Names } from '../show/names.ts'
import { nextStep } from '../show/next-step.ts'
import { recordLines } from '../show/record.ts'
import type { Answer, Server } from '../talk/server.ts'
import { plainPaint } from '../terminal/paint.ts'
import { judgementLines } from './release-judge.ts'
import { rotationLines } from './rotation.ts'
import { scanLines } from './scan-show.ts'
import { planLines } from './signing-plan.ts'

const release = `rel_${'0'.repeat(32)}` as const
const options = { paint: plainPaint, columns: undefined }

test('a list of words is told as it is, whatever lists of things are called alike', () => {
  const nobody: Server = {
    ask: () => assert.fail('nothing is asked'),
    askAny: () => assert.fail('nothing is asked'),
    stream: () => assert.fail('nothing is asked'),
  } as unknown as Server
  const lines = recordLines({ keys: ['boot', 'next'] }, new Names(nobody), options)
  assert.deepEqual(lines, ['keys  boot, next'])
  const rows = recordLines({ parts: [{ a: 1 }, { a: 2 }] }, new Names(nobody), options)
  assert.deepEqual(rows, ['', 'parts', '  a  1', '', '  a  2'])
})

test('a plan says by which keys, and where that is every key', () => {
  const plan: Answer<'signing-plan.show'> = {
    ...{ product: `prd_${'0'.repeat(32)}`, number: 3, changedBy: 'local' },
    changedAt: '2026-11-30T00:00:00Z',
    lines: [
      { form: 'mcuboot', artefacts: ['*.bin'], keys: ['boot'], options: { headerSize: 512 } },
      { form: 'outer-manifest', of: 'mcuboot' },
    ],
  }
  assert.deepEqual(planLines(plan, 'pump'), [
    'pump: plan 3, since 2026-11-30 00:00:00Z',
    '  1  mcuboot of *.bin by boot headerSize 512',
    '  2  outer-manifest of mcuboot by every key that signs in it',
  ])
  const [line, ...more] = planLines({ ...plan, number: 0, lines: [] }, 'pump')
  assert.match(line ?? '', /^pump: no plan, since nobody wrote one/)
  assert.deepEqual(more, [])
})

test('of a release that is not met, what is missing comes first, with what to do', () => {
  const check = { title: '', asked: true, passed: true, detail: 'fine', remedy: 'mend it' }
  const lines = judgementLines(
    {
      ...{ release, verdict: 'checks-failed', policy: 2, emergency: null },
      checks: [
        { ...check, check: 'artefacts-here' },
        { ...check, check: 'scan-clean', passed: false, detail: '1 found' },
        { ...check, check: 'vex-attached', asked: false, passed: false, detail: 'none' },
        { ...check, check: 'tests-passed', asked: false },
      ],
      ...{ approvals: [], missing: ['one more person'] },
    },
    plainPaint,
  )
  assert.deepEqual(lines, [
    `${release}: something that the signing policy asks is not met`,
    '  judged by signing policy 2',
    ...['', 'not met', '  scan-clean  1 found', '              what to do: mend it'],
    ...['', 'still missing', '  people  one more person'],
    ...['', 'met', '  artefacts-here  fine'],
    ...['', 'not met, and not asked', '  vex-attached  none'],
  ])
})

test('a rotation says each step, how many devices believe the new key, and what is next', () => {
  const lines = rotationLines(
    {
      ...{ id: `rot_${'0'.repeat(32)}`, version: 1, product: `prd_${'0'.repeat(32)}` },
      ...{ environment: 'trial', from: 'boot', to: 'boot-2031', state: 'open', carrier: null },
      ...{ fromKey: `sgk_${'0'.repeat(32)}`, toKey: `sgk_${'1'.repeat(32)}`, forms: ['mcuboot'] },
      ...{ thresholdPercent: 98, silentDays: 90, mostSilentPercent: 5, because: 'it is old' },
      ...{ begunBy: 'local', begunAt: '2026-11-30T00:00:00Z', endedAt: null, anchors: [] },
      steps: [
        { name: 'key-made', state: 'done', detail: 'boot-2031 is next' },
        { name: 'anchors-shipped', state: 'skipped', detail: 'passed over' },
        { name: 'signed-with-both', state: 'waits', detail: 'sign with both' },
      ],
      adoption: {
        ...{ inService: 9, heard: 4, adopted: 3, silent: 5 },
        ...{ firstLagging: ['PUMP-1'], firstSilent: [] },
      },
      ...{ warnings: ['compiled in'], next: 'signed-with-both: sign with both' },
    },
    'pump',
    plainPaint,
  )
  for (const line of [
    'boot → boot-2031 of pump: open',
    '  ✓ key-made          boot-2031 is next',
    '  – anchors-shipped   passed over',
    '  · signed-with-both  sign with both',
    '  3 of 4 that were heard of; 98 in a hundred are asked (PUMP-1 …)',
    '  5 of 9 in service said nothing for 90 days; at most 5 in a hundred may',
    'note: compiled in',
    'next: signed-with-both: sign with both',
  ])
    assert.ok(lines.includes(line), `${line}\n${lines.join('\n')}`)
})

test('a noted scan names what a baseline accepts, and who answers for it', () => {
  const finding = {
    ...({ rule: 'private-key', severity: 'critical', confidence: 'certain', key: null } as const),
    ...{ path: ['a.tar', 'etc/\u001bkey'], offset: 0, what: 'a key', identity: '0'.repeat(64) },
  }
  const acceptance = { because: 'of the self test', by: 'ada', until: '2027-02-01' }
  const lines = scanLines(
    {
      ...{ id: `scn_${'0'.repeat(32)}`, name: 'a.tar', sha256: '0'.repeat(64), octets: 9 },
      ...{ product: null, rules: '2026.11', result: 'found', found: 3, accepted: 1 },
      ...{ notScanned: 0, requestedBy: 'local', startedAt: '', endedAt: '2026-11-30T00:00:00Z' },
      ...{ findings: [finding, { ...finding, acceptance }], meanings: [] },
    },
    '-',
    plainPaint,
  )
  const at = lines.indexOf('accepted by a baseline')
  assert.deepEqual(lines.slice(at - 5), [
    'found',
    '  critical  private-key: a key, at 0',
    '            in a.tar!/etc/\\u{1b}key',
    '  of 3 so many are noted one by one: 1',
    '',
    'accepted by a baseline',
    '  critical  private-key: a key, at 0',
    '            in a.tar!/etc/\\u{1b}key',
    '            of the self test, until 2027-02-01, by ada',
  ])
})

test('whoever changes a release late is told that it is a draft again', () => {
  for (const operation of ['release.attach', 'release.attach-test'] as const)
    assert.match(
      nextStep(operation, {}, { release }) ?? '',
      /^it is a draft: .*release submit rel_/,
    )
  assert.match(nextStep('release.edit', { id: release }, {}) ?? '', /release submit rel_/)
  assert.equal(nextStep('release.publish', { id: release }, {}), undefined)
})
