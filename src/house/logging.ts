// SPDX-License-Identifier: Apache-2.0
import pino, { type Logger, type LoggerOptions } from 'pino'
import type { RequestSeen } from '#edge/http/seen.ts'
import type { LogLevel } from './log-level.ts'

export type { Logger }

/** The ports by which requests come in. */
export type PortName = 'devices' | 'legacy' | 'operators' | 'status' | 'socket'

/** What watchers and verifiers fetch all day long: told only to who asks for everything. */
const frequent = new Set([
  'healthz',
  'readyz',
  'metrics',
  'crl',
  'ca',
  'log-checkpoint',
  'log-tile',
  'ocsp',
])
const frequentStatus = 500

/** What is kept in memory at most while whoever reads the log does not; then lines are lost. */
const mostUnwrittenBytes = 4_194_304

/**
 * The log: lines of JSON, or calm text on a terminal. It may be lost; the audit may not.
 *
 * It never waits for its reader: a pipe that nobody empties must not stop the server.
 */
export function openLogger(level: LogLevel, isTerminal: boolean): Logger {
  const options = logOptions(level)
  if (isTerminal) return pino(options, { write: (line) => writeCalm(line) })
  return pino(options, pino.destination({ dest: 2, sync: false, maxLength: mostUnwrittenBytes }))
}

/** No header with a secret is written, should one ever come here. */
export function logOptions(level: LogLevel): LoggerOptions {
  const redact = ['authorization', 'cookie', '*.authorization', '*.cookie']
  return { level, redact, base: { pid: process.pid } }
}

/** One line a request. Of what was asked nothing stands in it but the kind; never path, code or body. */
export function logRequest(logger: Logger, port: PortName, seen: RequestSeen): void {
  const isFrequent = frequent.has(seen.operation) && seen.status < frequentStatus
  // Nobody reads it, tens of thousands of times a second.
  if (isFrequent && !logger.isLevelEnabled('debug')) return
  const { milliseconds, refusal, ...facts } = seen
  const line = {
    port,
    ...facts,
    ...(refusal !== undefined && { refusal }),
    milliseconds: Math.round(milliseconds * 10) / 10,
  }
  if (isFrequent) logger.debug(line, 'request')
  else logger.info(line, 'request')
}

/** A line of JSON as a person reads it. */
function writeCalm(line: string): void {
  process.stderr.write(`${calm(JSON.parse(line))}\n`)
}

/** What a line says on a terminal. */
export function calm(line: Readonly<Record<string, unknown>>): string {
  const time = Temporal.Instant.fromEpochMilliseconds(Number(line['time']))
    .toZonedDateTimeISO(Temporal.Now.timeZoneId())
    .toPlainTime()
    .toString({ smallestUnit: 'second' })
  if (line['msg'] === 'request') {
    const { operation, status, refusal, milliseconds, source, requestId } = line
    const answer = refusal === undefined ? status : `${status} ${refusal}`
    return `${time}  ${operation} ${answer}, ${milliseconds} ms, from ${source}, ${requestId}`
  }
  const { msg, err, requestId } = line
  const { message = '', stack = '' } = (err ?? {}) as { message?: string; stack?: string }
  const id = requestId === undefined ? '' : ` (request ${requestId})`
  const shown = stack === '' ? message : stack
  return `${time}  ${msg}${id}${shown === '' ? '' : `\n${shown.replace(/^/gm, '    ')}`}`
}
