// SPDX-License-Identifier: Apache-2.0
/**
 * The process that has the module: a module that crashes, hangs or writes where it should not takes this
 * process with it and no other. It speaks frames on its third pipe; a module may print on the usual ones.
 */
import { Socket } from 'node:net'
import { type FoundToken, findToken } from './find-token.ts'
import { encodeFrame, type Frame, type FrameKind, FrameReader, frameKinds } from './frames.ts'
import {
  decodeJson,
  decodeSign,
  encodeJson,
  type FindQuestion,
  type MakeQuestion,
} from './questions.ts'
import type { Token } from './token.ts'
import { TokenFailure } from './token-failure.ts'

const pipe = new Socket({ fd: 3 })
const frames = new FrameReader()
let found: FoundToken | undefined
let token: Token | undefined

const told: Uint8Array[] = []
/** So many answers go over in one piece. */
const together = 16

pipe.on('data', (piece: Buffer) => {
  for (const frame of frames.read(piece)) {
    answer(frame)
    // The server asks anew while the rest is signed.
    if (told.length >= together) flush()
  }
  flush()
})
// A terminal and a service manager tell the whole group to stop: the server still signs until it has closed.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
// The server has gone, or wants this process no more.
pipe.on('end', end)
pipe.on('error', end)

function end(): void {
  token?.close()
  process.exit(0)
}

function answer({ question, kind, content }: Frame): void {
  try {
    const given = kind === frameKinds.sign ? sign(content) : act(kind, content)
    if (given instanceof Promise) void answerLater(question, given)
    else tell(question, frameKinds.answer, given)
  } catch (error) {
    tellFailure(question, error)
  }
}

async function answerLater(question: number, given: Promise<Uint8Array>): Promise<void> {
  try {
    tell(question, frameKinds.answer, await given)
  } catch (error) {
    tellFailure(question, error)
  }
  flush()
}

function tellFailure(question: number, error: unknown): void {
  if (!(error instanceof TokenFailure)) throw error
  tell(question, frameKinds.failure, encodeJson(error.told()))
}

function tell(question: number, kind: FrameKind, content: Uint8Array): void {
  told.push(encodeFrame({ question, kind, content }))
}

function flush(): void {
  if (told.length > 0) pipe.write(Buffer.concat(told.splice(0)))
}

function sign(content: Uint8Array): Uint8Array | Promise<Uint8Array> {
  const { id, form, input } = decodeSign(content)
  return opened().sign(id, form, input)
}

async function act(kind: FrameKind, content: Uint8Array): Promise<Uint8Array> {
  switch (kind) {
    case frameKinds.findToken:
      found = findToken(decodeJson<FindQuestion>(content))
      return encodeJson(found.answer)
    case frameKinds.logIn:
      if (found === undefined) throw new TokenFailure('away', 'the token was not found yet')
      token = found.logIn(new TextDecoder().decode(content))
      return new Uint8Array()
    case frameKinds.describe:
      return encodeJson(opened().describe())
    case frameKinds.make:
      return encodeJson(await opened().make(decodeJson<MakeQuestion>(content)))
    case frameKinds.findKey: {
      const key = opened().find(new TextDecoder().decode(content))
      return key === undefined ? new Uint8Array() : encodeJson(key)
    }
    case frameKinds.destroy:
      opened().destroy(new TextDecoder().decode(content))
      return new Uint8Array()
    case frameKinds.check:
      opened().check()
      return new Uint8Array()
    default:
      throw new RangeError(`a question of kind ${kind}`)
  }
}

function opened(): Token {
  if (token === undefined) throw new TokenFailure('away', 'the token was not opened')
  return token
}
