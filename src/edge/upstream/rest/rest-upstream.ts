// SPDX-License-Identifier: Apache-2.0
/** The conversation with a managed authority: look whether it is there, ask, come back for what is kept. */
import { createHmac } from 'node:crypto'
import type {
  Errand,
  Heard,
  RevocationHeard,
  UpstreamDesk,
  UpstreamSays,
} from '#core/authority/upstream/desk.ts'
import type { Upstream } from '#core/ledger/tables.ts'
import type { Refused } from '#core/refusal.ts'
import { FormatError } from '#format/format-error.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { refuse } from '#trust/refusal.ts'
import { CredentialError, secretOf, trustOf, type UpstreamMeans } from '../credentials.ts'
import { exchange, type Trust, wordsOf } from '../exchange.ts'
import type { Adapter, Wish } from './adapter.ts'

export function restUpstream(
  adapter: Adapter,
  needed: readonly string[],
  means: UpstreamMeans,
): UpstreamDesk {
  return {
    ask: (errand, signal) => visit(adapter, errand, signal, means),
    revoke: (upstream, certificate, reason, signal) =>
      revoke(adapter, upstream, { certificate, reason }, signal, means),
    examine: (upstream, signal) => examine(adapter, needed, upstream, signal, means),
  }
}

/**
 * One that may have been asked before is looked for first: by its key a certificate is found whose answer
 * was lost, and only where there is none is it asked for again.
 */
async function visit(
  adapter: Adapter,
  { upstream, order, note }: Errand,
  signal: AbortSignal,
  means: UpstreamMeans,
): Promise<Heard> {
  const trust = await trustOf(upstream, means)
  const transaction = order.transaction ?? order.id
  const [key = '', kept] = transaction.split(' ')
  const wish = wishOf(upstream, { key, kept, request: order.request }, means)
  if (order.tries > 1) {
    const before = await look(adapter, wish, trust, signal)
    if (before !== undefined) return before
    if (kept === undefined && isRecent(order, means))
      return { kind: 'unknown', words: 'it is not there yet, and may still come' }
  }
  const replied = await exchange(adapter.ask(wish), trust, signal)
  if (replied.kind === 'unreached') return replied
  if (replied.kind === 'cut') return { kind: 'unknown', words: replied.words }
  const heard = readOrUnknown(() => adapter.heard(replied))
  if (heard.kind === 'waiting' && 'kept' in heard && heard.kept !== undefined)
    await note(`${key} ${heard.kept}`)
  return heard
}

/** What was asked so lately may be at work still: nobody asks for another one yet. */
const workingSpan = Temporal.Duration.from({ seconds: 60 })

function isRecent({ askedAt }: Errand['order'], { clock }: UpstreamMeans): boolean {
  const end = askedAt?.add(workingSpan)
  return end !== undefined && Temporal.Instant.compare(clock.now(), end) < 0
}

/** Undefined: it is not there, and may be asked for. */
async function look(
  adapter: Adapter,
  wish: Wish,
  trust: Trust,
  signal: AbortSignal,
): Promise<Heard | undefined> {
  const replied = await exchange(adapter.find(wish), trust, signal)
  // Not to know whether it is there is no reason to ask for another.
  if (replied.kind !== 'reply') return { kind: 'unknown', words: replied.words }
  return readOrUnknown((): Heard | undefined => {
    const certificates = adapter.found(replied)
    return certificates && { kind: 'certificates', certificates }
  })
}

function wishOf(
  upstream: Upstream,
  { key, kept, request }: Pick<Wish, 'key' | 'kept' | 'request'>,
  means: UpstreamMeans,
): Wish {
  const secret = secretOf(upstream, means)
  if (secret === undefined)
    throw new CredentialError(`upstream ${upstream.name} needs a secret file`)
  // So that the ledger keeps no password, and the same order has the same one.
  const password = createHmac('sha256', secret).update(key).digest('hex').slice(0, 32)
  return { upstream, request, key: `vitalsign-${key}`, kept, password }
}

function readOrUnknown<T>(read: () => T): T | (Heard & { kind: 'unknown' }) {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return { kind: 'unknown', words: error.message }
  }
}

async function revoke(
  adapter: Adapter,
  upstream: Upstream,
  asked: { readonly certificate: Uint8Array; readonly reason: number },
  signal: AbortSignal,
  means: UpstreamMeans,
): Promise<RevocationHeard> {
  const certificate = parseCertificate(asked.certificate, { unknownCritical: 'keep' })
  const question = adapter.revoke(upstream, certificate, asked.reason)
  const replied = await exchange(question, await trustOf(upstream, means), signal)
  return replied.kind === 'reply'
    ? adapter.revoked(replied)
    : { kind: 'failed', words: replied.words }
}

async function examine(
  adapter: Adapter,
  needed: readonly string[],
  upstream: Upstream,
  signal: AbortSignal,
  means: UpstreamMeans,
): Promise<UpstreamSays | Refused> {
  const missing = needed.filter((name) => upstream.settings[name] === undefined)
  if (missing.length > 0)
    return refuse(
      'input-wrong',
      `give ${missing.map((name) => `--setting ${name}=NAME`).join(', ')}`,
    )
  if (secretOf(upstream, means) === undefined)
    return refuse('input-wrong', 'give --secret-file NAME: passwords of requests are made of it')
  const question = adapter.status(upstream)
  const replied = await exchange(question, await trustOf(upstream, means), signal)
  if (replied.kind !== 'reply') return refuse('upstream-unreachable', replied.words)
  if (replied.status !== 200)
    return refuse('upstream-refused', `status ${replied.status}: ${wordsOf(replied.body)}`)
  try {
    return { kind: 'says', authorities: [], facts: adapter.says(replied) }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('upstream-refused', error.message)
  }
}
