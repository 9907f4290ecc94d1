// SPDX-License-Identifier: Apache-2.0
/**
 * The process that has the module: a module that crashes, hangs or writes where it should not takes this
 * process with it and no other. It speaks frames on its third pipe; a module may print on the usual ones.
 */
import { Socket } from 'node:net'
import { encodeFrame, type Frame, type FrameKind, FrameReader, frameKinds } from './frames.ts'
import {
  decodeJson,
  decodeSign,
  encodeJson,
  type MakeQuestion,
  type OpenQuestion,
} from './questions.ts'
import { openToken, type Token } from './token.ts'
import { TokenFailure } from './token-failure.ts'

const pipe = new Socket({ fd: 3 })
const frames = new FrameReader()
let token: Token | undefined

pipe.on('data', (piece: Buffer) => {
  // All that came together is answered together.
  pipe.cork()
  for (const frame of frames.read(piece)) void answer(frame)
  process.nextTick(() => pipe.uncork())
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

async function answer(frame: Frame): Promise<void> {
  try {
    const signedOrPromise = frame.kind === frameKinds.sign ? sign(frame.content) : act(frame)
    const content = signedOrPromise instanceof Promise ? await signedOrPromise : signedOrPromise
    tell(frame.question, frameKinds.answer, content)
  } catch (error) {
    if (!(error instanceof TokenFailure)) throw error
    tell(frame.question, frameKinds.failure, encodeJson(error.told()))
  }
}

function tell(question: number, kind: FrameKind, content: Uint8Array): void {
  pipe.write(encodeFrame({ question, kind, content }))
}

function sign(content: Uint8Array): Uint8Array | Promise<Uint8Array> {
  const { id, form, input } = decodeSign(content)
  return opened().sign(id, form, input)
}

async function act({ kind, content }: Frame): Promise<Uint8Array> {
  switch (kind) {
    case frameKinds.open:
      token = openToken(decodeJson<OpenQuestion>(content))
      return encodeJson(token.describe())
    case frameKinds.make:
      return encodeJson(await opened().make(decodeJson<MakeQuestion>(content)))
    case frameKinds.find: {
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
