// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SessionLog } from './session-log.ts'

const ended = (client: string) =>
  `1795958392: Client ${client} been disconnected by administrative action.`
const command = (id: string) => `1795958392: dynsec: ${id}/admin | disableClient | username=P-1`

test('what ended before a command of ours ended for it, and what before one of others for theirs', () => {
  const log = new SessionLog('vitalsign-a')
  for (const line of [ended('a'), ended('b'), command('vitalsign-a')]) log.hear(line)
  for (const line of [ended('c'), command('someone'), command('vitalsign-a')]) log.hear(line)
  assert.equal(log.take(), 2)
  assert.equal(log.take(), 0)
})

test('a client by any name is counted, and nothing that only looks alike', () => {
  const log = new SessionLog('vitalsign-a')
  log.hear(ended('x been disconnected by administrative action. dynsec: vitalsign-a/'))
  log.hear('1795958392: New client connected from 192.0.2.7:9 as dynsec: someone/ (p2, c1, k60).')
  log.hear('1795958392: Client c closed its connection.')
  log.hear('Client disconnected by administrative action')
  log.hear('')
  assert.equal(log.take(), 1)
})

test('without lines about commands, what ended meanwhile is taken for ours', () => {
  const log = new SessionLog('vitalsign-a')
  log.hear(ended('a'))
  assert.equal(log.take(), 1)
})
