// SPDX-License-Identifier: Apache-2.0
import { concatBytes } from '#format/bytes.ts'
import { FormatError } from '#format/format-error.ts'
import { type ClientHello, encodeClientHello, handshakeRecord } from '#format/tls/client-hello.ts'
import { alertName, versions } from '#format/tls/code-points.ts'
import { messageType, parseServerHello, type ServerHello } from '#format/tls/server-flight.ts'
import { type Opener, type OwnShare, openerFor } from './handshake-keys.ts'
import { converse, type Peer, type ProbeLimits } from './wire.ts'

export interface Message {
  readonly type: number
  readonly body: Uint8Array
}

/** What a server answered to one ClientHello. */
export type Answered =
  | {
      readonly kind: 'hello'
      readonly hello: ServerHello
      /** What followed, up to the end of its part; empty if only the hello was asked for, or it cannot be read. */
      readonly messages: readonly Message[]
    }
  /** It said no, in TLS. */
  | { readonly kind: 'alert'; readonly words: string }
  /** It said no by ending the connection, as many do to what they do not know. */
  | { readonly kind: 'closed'; readonly words: string }
  /** Nothing can be concluded. */
  | { readonly kind: 'unknown'; readonly words: string; readonly isReached: boolean }

/** Says hello and reads the answer: its first message, or with `shares` all that the server says before we go on. */
export async function sayHello(
  peer: Peer,
  hello: ClientHello,
  limits: ProbeLimits,
  shares: readonly OwnShare[] = [],
): Promise<Answered> {
  const message = encodeClientHello(hello)
  try {
    const heard = await converse(
      peer,
      handshakeRecord(message),
      (all) => readFlight(all, message, shares, limits),
      limits,
    )
    if (heard.kind === 'told') return heard.told
    if (heard.kind === 'closed') return { kind: 'closed', words: heard.words }
    const isReached = heard.kind === 'silent' || heard.kind === 'too-much'
    return { kind: 'unknown', words: heard.words, isReached }
  } catch (error) {
    // Garbage, or a share that is no point of its group: whatever it is, it is no TLS.
    const words = error instanceof Error ? error.message : String(error)
    return { kind: 'unknown', words: `what it sent is no TLS: ${words}`, isReached: true }
  }
}

/** RFC 8446 section 5.1. */
const recordType = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 }
const mostRecordBytes = 16_384 + 256

/** Reads what came so far; undefined: more has to come. @throws FormatError */
function readFlight(
  all: Uint8Array,
  clientHello: Uint8Array,
  shares: readonly OwnShare[],
  limits: ProbeLimits,
): Answered | undefined {
  const messages: Message[] = []
  let [at, pending]: [number, Uint8Array] = [0, new Uint8Array(0)]
  let open: Opener | undefined
  let hello: ServerHello | undefined
  for (;;) {
    const record = recordAt(all, at)
    if (record === undefined) return undefined
    at = record.end
    let { type, content } = record
    if (type === recordType.changeCipherSpec) continue
    if (type === recordType.applicationData && open !== undefined) {
      content = open(record.header, content)
      const last = content.findLastIndex((octet) => octet !== 0)
      type = content[last] ?? 0
      content = content.subarray(0, last)
    }
    if (type === recordType.alert) return alertIn(content, hello, messages)
    if (type !== recordType.handshake)
      throw new FormatError('value-not-allowed', at, `a record of type ${type}`)
    pending = concatBytes([pending, content])
    for (;;) {
      const found = messageAt(pending, limits)
      if (found === undefined) break
      const { message, whole } = found
      pending = pending.subarray(whole.length)
      if (hello === undefined) {
        if (message.type !== messageType.serverHello)
          throw new FormatError('value-not-allowed', 0, `message ${message.type} comes first`)
        hello = parseServerHello(message.body)
        if (shares.length === 0 || hello.isRetry) return { kind: 'hello', hello, messages }
        if (hello.version >= versions['TLS 1.3']) {
          open = openerFor(clientHello, whole, hello, shares)
          if (open === undefined) return { kind: 'hello', hello, messages }
        }
      } else {
        messages.push(message)
        const isLast =
          message.type === messageType.finished || message.type === messageType.serverHelloDone
        if (isLast) return { kind: 'hello', hello, messages }
      }
    }
  }
}

/** One that comes after its hello, as to who shows no certificate, leaves what was read before. */
function alertIn(
  content: Uint8Array,
  hello: ServerHello | undefined,
  messages: readonly Message[],
): Answered {
  if (content.length !== 2) throw new FormatError('truncated', 0, 'an alert')
  if (hello !== undefined) return { kind: 'hello', hello, messages }
  return { kind: 'alert', words: `the alert ${alertName(content[1] ?? 0)}` }
}

function recordAt(all: Uint8Array, at: number) {
  const header = all.subarray(at, at + 5)
  const [type = 0, major = 3] = header
  if (
    header.length > 0 &&
    (type < recordType.changeCipherSpec || type > recordType.applicationData)
  )
    throw new FormatError('value-not-allowed', at, `a record of type ${type}`)
  if (major !== 3) throw new FormatError('version-unknown', at + 1, `${major}`)
  if (header.length < 5) return undefined
  const length = new DataView(header.buffer, header.byteOffset).getUint16(3)
  if (length > mostRecordBytes)
    throw new FormatError('too-large', at + 3, `a record of ${length} bytes`)
  const end = at + 5 + length
  return end > all.length ? undefined : { type, header, content: all.subarray(at + 5, end), end }
}

function messageAt(pending: Uint8Array, { mostBytes }: ProbeLimits) {
  if (pending.length < 4) return undefined
  const [type = 0, high = 0, middle = 0, low = 0] = pending
  const length = high * 65_536 + middle * 256 + low
  if (length > mostBytes) throw new FormatError('too-large', 1, `a message of ${length} bytes`)
  if (pending.length < 4 + length) return undefined
  const whole = pending.slice(0, 4 + length)
  return { message: { type, body: whole.subarray(4) }, whole }
}
