// SPDX-License-Identifier: Apache-2.0
/** A client of ACME, RFC 8555, for the certificates of servers; names are proved by http-01. */
import { setTimeout as sleep } from 'node:timers/promises'
import type {
  Errand,
  Heard,
  RevocationHeard,
  UpstreamDesk,
  UpstreamSays,
} from '#core/authority/upstream/desk.ts'
import type { Upstream } from '#core/ledger/tables.ts'
import type { Refused } from '#core/refusal.ts'
import { type AcmeOrder, parseAuthorization, parseOrder } from '#format/acme/messages.ts'
import { parsePem } from '#format/pem.ts'
import { parseToBeSigned } from '#format/x509/certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import { refuse } from '#trust/refusal.ts'
import { secretOf, trustOf, type UpstreamMeans } from '../credentials.ts'
import { retryAfterOf } from '../exchange.ts'
import { identifierOf } from './identifiers.ts'
import { accountKey, base64url, externalBinding } from './jws.ts'
import { AcmeSession, AcmeTrouble, type Reply, readOr } from './session.ts'
import { parseTransaction, type Transaction, transactionText } from './transaction.ts'

/** How often an authority is asked whether it has looked, within one visit. */
const pollMilliseconds = 250

export function acmeUpstream(means: UpstreamMeans): UpstreamDesk {
  return {
    ask: (errand, signal) => visit(errand, signal, means),
    revoke: (upstream, certificate, reason, signal) =>
      revokeCert(upstream, { certificate, reason }, signal, means),
    examine: (upstream, signal) => examine(upstream, signal, means),
  }
}

async function sessionFor(
  upstream: Upstream,
  signal: AbortSignal,
  means: UpstreamMeans,
): Promise<AcmeSession> {
  const { credentialKey, address } = upstream
  if (credentialKey === null) throw new TypeError(`upstream ${upstream.name} has no account key`)
  const account = {
    key: accountKey(await means.keys.publicKey(credentialKey)),
    sign: (toBeSigned: Uint8Array) => means.keys.sign(credentialKey, toBeSigned),
  }
  return new AcmeSession(address, account, await trustOf(upstream, means), signal)
}

/** Section 7.3: makes the account, or finds the one that this key has; nothing changes by asking twice. */
async function signIn(
  upstream: Upstream,
  signal: AbortSignal,
  means: UpstreamMeans,
): Promise<AcmeSession> {
  const session = await sessionFor(upstream, signal, means)
  const { newAccount } = await session.directory()
  const { contact } = upstream.settings
  const reply = await session.post(newAccount, {
    termsOfServiceAgreed: upstream.settings['terms'] === 'agreed',
    ...(contact !== undefined && { contact: [contact] }),
    ...(await bindingOf(upstream, newAccount, means)),
  })
  const { location } = reply.headers
  if (location === undefined) throw new AcmeTrouble('cut', 'it named no account')
  session.accountUrl = location
  return session
}

async function bindingOf(upstream: Upstream, url: string, means: UpstreamMeans) {
  const kid = upstream.settings['eab-kid']
  const secret = secretOf(upstream, means)
  if (kid === undefined || secret === undefined || upstream.credentialKey === null) return {}
  const macKey = Uint8Array.fromBase64(secret, { alphabet: 'base64url' })
  const key = accountKey(await means.keys.publicKey(upstream.credentialKey))
  return { externalAccountBinding: externalBinding({ kid, url, macKey }, key) }
}

/** Goes as far with an order as its authority lets us now: section 7.1.6. */
async function visit(errand: Errand, signal: AbortSignal, means: UpstreamMeans): Promise<Heard> {
  const known = parseTransaction(errand.order.transaction)
  // One that was opened in an earlier visit may have gone on to the end without us.
  const progress = { mayHaveSigned: known !== undefined }
  try {
    const session = await signIn(errand.upstream, signal, means)
    const at = known ?? (await openOrder(session, errand))
    return await goOn(session, errand, at, progress, signal, means)
  } catch (error) {
    return heardFrom(error, progress.mayHaveSigned)
  }
}

function heardFrom(error: unknown, mayHaveSigned: boolean): Heard {
  if (!(error instanceof AcmeTrouble)) throw error
  const words = error.message
  // Its order has an address, and looking at it asks for nothing new.
  if (error.kind === 'cut' || error.kind === 'unreached')
    return { kind: mayHaveSigned ? 'unknown' : 'unreached', words }
  const isPassing = ['rateLimited', 'serverInternal', 'badNonce', 'unknown']
  return isPassing.includes(error.problem?.type ?? 'unknown')
    ? { kind: mayHaveSigned ? 'unknown' : 'unreached', words }
    : { kind: 'turned-down', words }
}

/** Section 7.4: the names of the certificate that was approved, and no others. */
async function openOrder(session: AcmeSession, { order, note }: Errand): Promise<Transaction> {
  const { extensions } = parseToBeSigned(order.expected)
  const identifiers = (readExtension(extensions, 'subjectAltName') ?? []).map(identifierOf)
  const { newOrder } = await session.directory()
  const reply = await session.post(newOrder, { identifiers })
  const { location } = reply.headers
  if (location === undefined) throw new AcmeTrouble('cut', 'it named no order')
  const opened = { order: location, tokens: [] }
  await note(transactionText(opened))
  return opened
}

async function goOn(
  session: AcmeSession,
  errand: Errand,
  at: Transaction,
  progress: { mayHaveSigned: boolean },
  signal: AbortSignal,
  means: UpstreamMeans,
): Promise<Heard> {
  let reply = await session.post(at.order)
  let order = orderIn(reply)
  if (order.status === 'pending') {
    await proveNames(session, errand, at, order, signal)
    reply = await session.post(at.order)
    order = orderIn(reply)
  }
  if (order.status === 'ready') {
    progress.mayHaveSigned = true
    const csr = base64url(errand.order.request)
    reply = await session.post(order.finalize, { csr })
    order = orderIn(reply)
  }
  for (; order.status === 'processing' && !signal.aborted; order = orderIn(reply)) {
    const seconds = retryAfterOf(reply.headers, means.clock.now())
    if (seconds !== undefined && seconds > 2) break
    await pause(signal)
    if (!signal.aborted) reply = await session.post(at.order)
  }
  return outcomeOf(session, order, reply, means)
}

async function outcomeOf(
  session: AcmeSession,
  order: AcmeOrder,
  reply: Reply,
  means: UpstreamMeans,
): Promise<Heard> {
  const { status, error, certificate } = order
  if (status === 'valid' && certificate !== undefined)
    return { kind: 'certificates', certificates: chainIn(await session.post(certificate)) }
  if (status === 'invalid')
    return { kind: 'turned-down', words: `${error?.type ?? 'invalid'}: ${error?.detail ?? ''}` }
  const retryAfterSeconds = retryAfterOf(reply.headers, means.clock.now())
  return { kind: 'waiting', retryAfterSeconds, words: `its order is ${status}` }
}

/** Sections 7.5 and 8.3: every token is kept before the authority is told to look. */
async function proveNames(
  session: AcmeSession,
  { note }: Errand,
  at: Transaction,
  order: AcmeOrder,
  signal: AbortSignal,
): Promise<void> {
  const open = []
  for (const url of order.authorizations) {
    const authorization = readAuthorization(await session.post(url))
    if (authorization.status === 'valid') continue
    const { http01, identifier } = authorization
    if (http01 === undefined)
      throw new AcmeTrouble('refused', `it offers no http-01 for ${identifier}`, {
        ...{ type: 'unsupportedIdentifier', detail: identifier },
      })
    open.push({ url, http01 })
  }
  await note(transactionText({ order: at.order, tokens: open.map(({ http01 }) => http01.token) }))
  for (const { http01 } of open) if (http01.status === 'pending') await session.post(http01.url, {})
  for (const { url } of open) await settled(session, url, signal)
}

async function settled(session: AcmeSession, url: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    const { status, identifier, http01 } = readAuthorization(await session.post(url))
    if (status === 'valid') return
    if (status !== 'pending') {
      const { type = 'unauthorized', detail = status } = http01?.error ?? {}
      throw new AcmeTrouble('refused', `${identifier}: ${type}: ${detail}`, { type, detail })
    }
    if (signal.aborted) throw new AcmeTrouble('cut', `it has not looked at ${identifier} yet`)
    await pause(signal)
  }
}

function readAuthorization({ body }: Reply) {
  return readOr(() => parseAuthorization(body))
}

function orderIn({ body }: Reply): AcmeOrder {
  return readOr(() => parseOrder(body))
}

/** Section 7.4.2: PEM, the certificate first. */
function chainIn({ body }: Reply): readonly Uint8Array[] {
  return readOr(() =>
    parsePem(new TextDecoder().decode(body)).flatMap(({ label, bytes }) =>
      label === 'CERTIFICATE' ? [bytes] : [],
    ),
  )
}

function pause(signal: AbortSignal): Promise<void> {
  return sleep(pollMilliseconds, undefined, { signal }).catch(() => {
    // The time is over; whoever waits looks at the signal.
  })
}

/** Section 7.6. */
async function revokeCert(
  upstream: Upstream,
  asked: { readonly certificate: Uint8Array; readonly reason: number },
  signal: AbortSignal,
  means: UpstreamMeans,
): Promise<RevocationHeard> {
  try {
    const session = await signIn(upstream, signal, means)
    const { revokeCert: url } = await session.directory()
    if (url === undefined) return { kind: 'not-offered' }
    const { certificate, reason } = asked
    await session.post(url, { certificate: base64url(certificate), reason })
    return { kind: 'revoked' }
  } catch (error) {
    if (!(error instanceof AcmeTrouble)) throw error
    if (error.problem?.type === 'alreadyRevoked') return { kind: 'revoked' }
    return { kind: 'failed', words: error.message }
  }
}

/** Reaches it, and signs in: what an operator has to agree to is told here. */
async function examine(
  upstream: Upstream,
  signal: AbortSignal,
  means: UpstreamMeans,
): Promise<UpstreamSays | Refused> {
  try {
    const directory = await (await sessionFor(upstream, signal, means)).directory()
    const { termsOfService, externalAccountRequired } = directory
    if (termsOfService !== undefined && upstream.settings['terms'] !== 'agreed')
      return refuse(
        'input-wrong',
        `it asks to agree to ${termsOfService}: read them, then give --setting terms=agreed`,
      )
    if (externalAccountRequired && upstream.settings['eab-kid'] === undefined)
      return refuse(
        'input-wrong',
        'it wants an account of its own bound: give --setting eab-kid=ID and --secret-file NAME',
      )
    await signIn(upstream, signal, means)
    return {
      ...{ kind: 'says', authorities: [] },
      facts: { account: 'good', ...(termsOfService !== undefined && { terms: termsOfService }) },
    }
  } catch (error) {
    if (!(error instanceof AcmeTrouble)) throw error
    return error.kind === 'refused'
      ? refuse('upstream-refused', error.message)
      : refuse('upstream-unreachable', error.message)
  }
}
