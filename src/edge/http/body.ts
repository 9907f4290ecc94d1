// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage, ServerResponse } from 'node:http'

export type BodyRead =
  | { readonly kind: 'body'; readonly bytes: Uint8Array }
  /** `isComing`: the peer sends it all the same, since nobody told it not to. */
  | { readonly kind: 'too-large'; readonly isComing: boolean }
  /** The peer went away, or was cut off, before the end: there is nobody to answer. */
  | { readonly kind: 'cut-off' }

/**
 * Reads a request's body whole.
 *
 * A body that says it is too large is not read at all, and not asked for with `100 Continue`; one
 * that turns out too large is read no further.
 */
export function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  maxBytes: number,
): Promise<BodyRead> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes)
    return Promise.resolve({ kind: 'too-large', isComing: isBodyComing(request) })
  // Whoever left while it was weighed who asks will not be heard of again.
  if (request.destroyed) return Promise.resolve({ kind: 'cut-off' })
  if (!hasBody(request)) return noBody
  if (request.headers.expect !== undefined) response.writeContinue()
  const { promise, resolve } = Promise.withResolvers<BodyRead>()
  const chunks: Uint8Array[] = []
  let length = 0
  const onData = (chunk: Uint8Array) => {
    length += chunk.length
    if (length <= maxBytes) chunks.push(chunk)
    else settle({ kind: 'too-large', isComing: true })
  }
  const onEnd = () => settle({ kind: 'body', bytes: joined(chunks, length) })
  const onCutOff = () => settle({ kind: 'cut-off' })
  const settle = (read: BodyRead) => {
    request.off('data', onData).off('end', onEnd).off('close', onCutOff)
    resolve(read)
  }
  request.on('data', onData).on('end', onEnd).on('close', onCutOff)
  return promise
}

/** RFC 9112 section 6: what has neither of these fields has no body. */
function hasBody({ headers }: IncomingMessage): boolean {
  const { 'content-length': length, 'transfer-encoding': coding } = headers
  return coding !== undefined || (length !== undefined && length !== '0')
}

const noBody: Promise<BodyRead> = Promise.resolve({ kind: 'body', bytes: new Uint8Array() })

/**
 * Whether a body follows that nothing was read of yet: its fields say so (RFC 9112 section 6), and the
 * peer did not ask first whether to send it.
 */
export function isBodyComing(request: IncomingMessage): boolean {
  return hasBody(request) && request.headers.expect === undefined
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.length
  }
  return bytes
}
