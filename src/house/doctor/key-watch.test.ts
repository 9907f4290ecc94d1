// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bookFindings } from '#core/keywatch/book-findings.ts'
import { causeOf } from '#core/keywatch/cause.ts'
import { dismissFinding } from '#core/keywatch/dismiss.ts'
import { changeState, pauseWatch, resumeWatch } from '#core/keywatch/state.ts'
import {
  addPump,
  certificateOf,
  enrolDevice,
  operator,
  withCore,
} from '../../../test/support/core.ts'
import { checkKeyWatch } from './key-watch.ts'

test('the doctor says when weak keys wait for somebody, and when nobody looks for them', () =>
  withCore(async (core) => {
    const verdict = async () => (await checkKeyWatch(core)).verdict
    assert.equal(await verdict(), 'good')
    await changeState(() => ({ lastRunAt: core.clock.now().toString() }), core)
    assert.equal(await verdict(), 'good')
    core.clock.pass({ hours: 25 })
    assert.equal(await verdict(), 'warning')
    await changeState(() => ({ lastRunAt: core.clock.now().toString() }), core)
    await pauseWatch('a test', operator, core)
    assert.match((await checkKeyWatch(core)).found, /paused since .*: a test/)
    await resumeWatch(operator, core)
    const { id } = await enrolDevice(core, await addPump(core), 'P-1')
    const { key } = await certificateOf(core, id)
    const found = { kind: 'roca', key, cause: causeOf('roca'), detail: 'a mark' } as const
    const [finding = assert.fail()] = await bookFindings([{ ...found, facts: {} }], core)
    const bad = await checkKeyWatch(core)
    assert.deepEqual(
      [bad.verdict, bad.found],
      ['bad', 'weak keys that nobody decided about: 1 roca'],
    )
    await dismissFinding(finding, 'a test', operator, core)
    assert.equal(await verdict(), 'good')
  }))
