// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { maxDigestOctets } from '../algorithms.ts'
import { passwordSession } from '../handles.ts'
import { readTpm, type TpmReader } from '../reader.ts'
import { TpmError } from '../return-code.ts'
import { encodeTpm, type TpmWriter } from '../writer.ts'

/** One command of TPM 2.0 Part 3: the bytes that ask, and how to read what comes back. */
export interface TpmCommand<T> {
  /** As the standard spells it: `TPM2_Sign`. */
  readonly name: string
  readonly bytes: Uint8Array
  /**
   * Reads the TPM's answer.
   *
   * @throws TpmError if the TPM says no
   * @throws FormatError if its answer is cut, or lies about its size, tag or content
   */
  readonly parse: (answer: Uint8Array) => T
}

/** By what right a handle is used. Sessions keep on existing until they are flushed. */
export type Authorization =
  /** TPM_RS_PW; empty where no password was ever set. It goes to the TPM in the clear. */
  | { readonly kind: 'password'; readonly password: Uint8Array }
  /** A policy session whose policy asks for no authorisation value, so that it needs no HMAC. */
  | { readonly kind: 'policy'; readonly session: number }

export const noPassword: Authorization = { kind: 'password', password: new Uint8Array() }

export interface CommandParts<T> {
  readonly name: string
  readonly code: number
  readonly handles?: readonly number[]
  /** One for each handle that needs it, in their order; none: a command without sessions. */
  readonly authorizations?: readonly Authorization[]
  readonly parameters?: (writer: TpmWriter) => void
  /** Whether the answer begins with a handle. */
  readonly answersHandle?: boolean
  /** Reads the parameters of the answer; `handle` is 0 unless the answer has one. */
  readonly read: (reader: TpmReader, handle: number) => T
}

/** TPM_ST. Part 2 section 6.9. */
const tags = { noSessions: 0x8001, sessions: 0x8002, badTag: 0x00c4 } as const
const headerOctets = 10
const continueSession = 1

/** Frames a command. Part 1 section 18. */
export function makeCommand<T>(parts: CommandParts<T>): TpmCommand<T> {
  const { name, code, handles = [], authorizations = [] } = parts
  const hasSessions = authorizations.length > 0
  const body = encodeTpm((writer) => {
    for (const handle of handles) writer.uint32(handle)
    if (hasSessions)
      writer.counted(() => {
        for (const one of authorizations) writeAuthorization(writer, one)
      })
    parts.parameters?.(writer)
  })
  const bytes = encodeTpm((writer) => {
    writer.uint16(hasSessions ? tags.sessions : tags.noSessions)
    writer.uint32(headerOctets + body.length)
    writer.uint32(code)
    writer.raw(body)
  })
  return { name, bytes, parse: (answer) => parseAnswer(parts, authorizations.length, answer) }
}

/** TPMS_AUTH_COMMAND. Part 2 section 10.13.2. */
function writeAuthorization(writer: TpmWriter, authorization: Authorization): void {
  const isPassword = authorization.kind === 'password'
  writer.uint32(isPassword ? passwordSession : authorization.session)
  writer.sized(new Uint8Array())
  writer.uint8(continueSession)
  writer.sized(isPassword ? authorization.password : new Uint8Array())
}

function parseAnswer<T>(parts: CommandParts<T>, sessions: number, answer: Uint8Array): T {
  return readTpm(answer, (reader) => {
    readHeader(reader, parts.name, sessions > 0, answer.length)
    const handle = parts.answersHandle ? reader.uint32() : 0
    if (sessions === 0) return parts.read(reader, handle)
    const at = reader.offset
    const parameterOctets = reader.uint32()
    const start = reader.offset
    const value = parts.read(reader, handle)
    if (reader.offset - start !== parameterOctets)
      throw new FormatError('value-not-allowed', at, `parameters of ${parameterOctets} octets`)
    for (let session = 0; session < sessions; session++) readAuthorization(reader)
    return value
  })
}

/** Tag, size and code. Part 1 section 18.3: a "no" has no sessions, and nothing after its code. */
function readHeader(
  reader: TpmReader,
  command: string,
  hasSessions: boolean,
  octets: number,
): void {
  const tag = reader.uint16()
  const size = reader.uint32()
  const code = reader.uint32()
  if (size !== octets)
    throw new FormatError('value-not-allowed', 2, `an answer of ${size} octets that has ${octets}`)
  const isNo = code !== 0
  const expected = isNo || !hasSessions ? tags.noSessions : tags.sessions
  if (tag !== expected && !(isNo && tag === tags.badTag))
    throw new FormatError('tag-not-expected', 0, `0x${tag.toString(16).padStart(4, '0')}`)
  if (!isNo) return
  reader.end()
  throw new TpmError(command, code)
}

/** TPMS_AUTH_RESPONSE: neither passwords nor these policy sessions prove anything. Part 2 section 10.13.3. */
function readAuthorization(reader: TpmReader): void {
  reader.sized(maxDigestOctets)
  reader.uint8()
  reader.sized(maxDigestOctets)
}
