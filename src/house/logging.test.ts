// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import pino from 'pino'
import type { RequestSeen } from '#edge/http/seen.ts'
import type { LogLevel } from './log-level.ts'
import { calm, logOptions, logRequest } from './logging.ts'

const seen: RequestSeen = {
  ...{ requestId: '00ff', operation: 'est-simpleenroll', method: 'POST', status: 401 },
  ...{ refusal: 'code-wrong', milliseconds: 12.3456, source: '192.0.2.7' },
}

function linesOf(level: LogLevel, work: (logger: pino.Logger) => void): Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = []
  work(pino(logOptions(level), { write: (line) => void lines.push(JSON.parse(line)) }))
  return lines
}

test('a request is one line with its id, port, kind, answer, refusal, time and source', () => {
  const [line = {}] = linesOf('info', (logger) => logRequest(logger, 'devices', seen))
  const { time, pid, level, ...facts } = line
  assert.deepEqual([typeof time, pid, level], ['number', process.pid, 30])
  assert.deepEqual(facts, {
    ...{ port: 'devices', requestId: '00ff', operation: 'est-simpleenroll', method: 'POST' },
    ...{ status: 401, refusal: 'code-wrong', milliseconds: 12.3, source: '192.0.2.7' },
    msg: 'request',
  })
})

test('what is fetched all day long is told only on debug, unless it breaks', () => {
  const often = { ...seen, operation: 'crl', refusal: undefined }
  const told = (level: LogLevel, status: number) =>
    linesOf(level, (logger) => logRequest(logger, 'status', { ...often, status })).length
  assert.deepEqual([told('info', 200), told('debug', 200), told('info', 500)], [0, 1, 1])
  assert.equal(linesOf('warn', (logger) => logRequest(logger, 'devices', seen)).length, 0)
})

test('a header that bears a secret is not written, wherever it stands', () => {
  const written = JSON.stringify(
    linesOf('error', (logger) => {
      const headers = { authorization: 'Basic cHVtcA', cookie: 'session=c2VjcmV0' }
      logger.error(headers, 'one')
      logger.error({ headers }, 'two')
    }),
  )
  assert.doesNotMatch(written, /cHVtcA|c2VjcmV0/)
})

test('on a terminal a line is calm text', () => {
  const [line = {}] = linesOf('info', (logger) => logRequest(logger, 'devices', seen))
  assert.match(
    calm(line),
    /^\d\d:\d\d:\d\d {2}est-simpleenroll 401 code-wrong, 12\.3 ms, from 192\.0\.2\.7, 00ff$/,
  )
  const [broken = {}] = linesOf('info', (logger) =>
    logger.error({ err: new Error('the disk'), requestId: '00ff' }, 'a request broke'),
  )
  assert.match(calm(broken), /a request broke \(request 00ff\)\n {4}Error: the disk/)
})
