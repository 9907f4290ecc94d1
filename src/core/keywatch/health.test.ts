// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openAlarm } from '#core/watch/alarm.ts'
import { operator, withCore } from '../../../test/support/core.ts'
import { tellStill } from './health.ts'
import { changeState, pauseWatch, resumeWatch } from './state.ts'

test('a watch that did not reach its end for a day, or is paused for so long, is an alarm', () =>
  withCore(async (core) => {
    const since = core.clock.now()
    const alarm = async () => {
      await tellStill(since, core)
      return openAlarm('key-watch-stopped', 'keywatch', core.ledger)
    }
    assert.equal(await alarm(), undefined)
    core.clock.pass({ hours: 25 })
    assert.equal((await alarm())?.severity, 'warning')
    await changeState(() => ({ lastRunAt: core.clock.now().toString() }), core)
    assert.equal(await alarm(), undefined)
    await pauseWatch('the disk is full', operator, core)
    assert.equal(await alarm(), undefined)
    core.clock.pass({ hours: 25 })
    assert.match((await alarm())?.text ?? '', /paused since .*: the disk is full/)
    await resumeWatch(operator, core)
    await changeState(() => ({ lastRunAt: core.clock.now().toString() }), core)
    assert.equal(await alarm(), undefined)
  }))
