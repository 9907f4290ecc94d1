// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import { parseRetryAfter } from '../patience.ts'
import type { Refused } from '../refusal.ts'
import type { Reply } from './exchange.ts'

/** Not now: 202 while a person decides, 429 and 503 while the server is busy, 5xx while it is broken (501 is for ever). */
export interface Later {
  readonly kind: 'later'
  /** Whether it waits for somebody's decision, rather than for the server's health. */
  readonly pending: boolean
  readonly retryAfterSeconds: number | undefined
  readonly detail: string
}

/** A status that is not 200, in our words; undefined for 200. */
export function answeredNo(reply: Reply): Refused | Later | undefined {
  const { status } = reply
  if (status === 200) return undefined
  const said = wordsOf(reply)
  if (status === 202 || status === 429 || (status >= 500 && status !== 501)) {
    return {
      kind: 'later',
      pending: status === 202,
      retryAfterSeconds: parseRetryAfter(headerOf(reply, 'retry-after'), reply.date),
      detail: status === 202 ? 'the server has not decided yet' : `status ${status}${said}`,
    }
  }
  return refuse('refused-by-server', `status ${status}${said}`)
}

/** What the server said, for a person: one line of printable text. */
function wordsOf(reply: Reply): string {
  const text = new TextDecoder().decode(reply.body.subarray(0, 4096))
  const words = /^application\/(problem\+)?json/i.test(headerOf(reply, 'content-type') ?? '')
    ? problemOf(text)
    : text
  const line = words
    .replace(/[^\P{C}]+|\s+/gu, ' ')
    .trim()
    .slice(0, 300)
  return line === '' ? '' : `: ${line}`
}

/** RFC 9457: code and detail say more than the title. */
function problemOf(text: string): string {
  const problem = parseObject(text)
  return [problem.code, problem.detail ?? problem.title]
    .filter((word) => typeof word === 'string')
    .join(': ')
}

/** The members of a JSON object; none if the text is no such thing. */
export function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    return recordOf(JSON.parse(text))
  } catch (error) {
    if (error instanceof SyntaxError) return {}
    throw error
  }
}

/** The members of a value if it is an object, else none. */
export function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function headerOf(reply: Reply, name: string): string | undefined {
  const value = reply.headers[name]
  return typeof value === 'string' ? value : undefined
}
