// SPDX-License-Identifier: Apache-2.0
/**
 * Takes the messages by which Vitalsign says whose sessions are to end: for a server of your own, or between
 * Vitalsign and whatever ends sessions at your broker or cloud. It depends on nothing but Node.
 *
 * A message is believed if the key of the installation signed it (RFC 9421, `vitalsign notification key`), for this
 * very address and body, a moment ago, and is carried out once, however often it comes. What was signed before this
 * program began is not believed: it may have been carried out then, and something else since.
 */
import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto'
import type { IncomingHttpHeaders, RequestListener } from 'node:http'

/** What is wanted for one owner: `bar` and `drop` end sessions, and after `bar` none begins until `admit`. */
export interface Wish {
  /** The id of the device, or of whoever else it is. */
  readonly owner: string
  readonly want: 'bar' | 'drop' | 'admit'
  readonly deviceSerial: string | null
  readonly certificates: readonly { readonly sha256: string; readonly serialNumber: string }[]
}

export interface ReceiverOptions {
  /** The public key of the installation, PEM. */
  readonly key: string
  /** The address under which Vitalsign knows us, to the letter: a message for somebody else is none for us. */
  readonly address: string
  /** Carries out one wish; doing it twice MUST do no harm. @returns how many sessions ended */
  carryOut(wish: Wish): number | Promise<number>
  /** Milliseconds since 1970. */
  now?(): number
}

/** A message has been under way for at most so long, clocks that differ included. */
const freshSeconds = 300
/** A hundred owners with their certificates are some hundred kilobytes. */
const mostBytes = 1_000_000
const names = ['content-type', 'content-digest', 'idempotency-key'] as const
const covered = ['@method', '@target-uri', ...names].map((name) => `"${name}"`).join(' ')
const form = /^vitalsign=(\((.*)\);created=(\d{1,12});keyid="[^"]*";alg="ed25519")$/

/** Answers messages: 200 with the number of sessions ended, or why not. */
export function receiver(options: ReceiverOptions): RequestListener {
  const key = createPublicKey(options.key)
  const { now = Date.now } = options
  const began = Math.floor(now() / 1000)
  /** Message -> when it came, and its answer: forgotten once it is too old to be believed again. */
  const done = new Map<string, { readonly at: number; readonly ended: Promise<number> }>()

  const take = async (headers: IncomingHttpHeaders, body: Buffer): Promise<number> => {
    const created = checkMessage(headers, body, key, options.address, now())
    if (created < began) throw new Refused(401, 'it was signed before this program began')
    for (const [id, { at }] of done) if (now() - at > 2_000 * freshSeconds) done.delete(id)
    // A try that comes again may say something else than the first: what is wanted by then.
    const id = `${headers['idempotency-key']} ${headers['content-digest']}`
    const ended = done.get(id)?.ended ?? carryOutAll(body, options)
    done.set(id, { at: now(), ended })
    // What failed was not done: the same message will come again, and is to find no answer here.
    ended.catch(() => done.delete(id))
    return ended
  }

  return (request, response) => {
    const answer = (status: number, told: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(told))
    const chunks: Buffer[] = []
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= mostBytes) chunks.push(chunk)
      else request.destroy()
    })
    request.on('error', () => {})
    request.on('end', async () => {
      try {
        if (request.method !== 'POST') throw new Refused(405, 'a message is a POST')
        answer(200, { ended: await take(request.headers, Buffer.concat(chunks)) })
      } catch (error) {
        if (error instanceof Refused) answer(error.status, { error: error.message })
        else answer(500, { error: 'it could not be carried out' })
      }
    })
  }
}

class Refused extends Error {
  readonly status: number
  constructor(status: number, why: string) {
    super(why)
    this.status = status
  }
}

/** @returns when it was signed, seconds since 1970 */
function checkMessage(
  headers: IncomingHttpHeaders,
  body: Buffer,
  key: KeyObject,
  address: string,
  now: number,
): number {
  const [, parameters, fields, created] = form.exec(String(headers['signature-input'])) ?? []
  const [, signature] = /^vitalsign=:([A-Za-z0-9+/=]+):$/.exec(String(headers['signature'])) ?? []
  if (fields !== covered || signature === undefined) throw new Refused(401, 'it is not signed')
  // RFC 9421 section 2.5
  const base = [
    '"@method": POST',
    `"@target-uri": ${address}`,
    ...names.map((name) => `"${name}": ${headers[name]}`),
    `"@signature-params": ${parameters}`,
  ].join('\n')
  if (!verify(null, Buffer.from(base), key, Buffer.from(signature, 'base64')))
    throw new Refused(401, 'its signature is not by our key, or not for this address')
  if (headers['content-digest'] !== `sha-256=:${hash('sha256', body, 'base64')}:`)
    throw new Refused(401, 'its body is another than was signed')
  if (Math.abs(now / 1000 - Number(created)) > freshSeconds)
    throw new Refused(401, `it was signed more than ${freshSeconds} seconds ago, or in the future`)
  return Number(created)
}

async function carryOutAll(body: Buffer, { carryOut }: ReceiverOptions): Promise<number> {
  const { owners } = JSON.parse(body.toString()) as { owners: readonly Wish[] }
  let ended = 0
  for (const wish of owners) ended += await carryOut(wish)
  return ended
}
