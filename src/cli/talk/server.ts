// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import type { z } from 'zod'
import { loadOperation } from '#format/admin/load-operation.ts'
import { type Operation, takesBody } from '#format/admin/operation.ts'
import type { KindOf, OperationName, operations } from '#format/admin/operations.ts'
import { broken } from '../stop.ts'
import { stopFor } from './problem.ts'
import type { Wire } from './wire.ts'

export type Input = Readonly<Record<string, unknown>>

/** A page of a list. */
export interface Page<T = unknown> {
  readonly items: readonly T[]
  readonly next: string | null
}

type Document<N extends OperationName> = z.output<(typeof operations)[N]['output']>
/** What an operation answers, as the table says. */
export type Answer<N extends OperationName> =
  KindOf<N> extends 'list' ? Page<Document<N>> : Document<N>

/** The API as a caller sees it; every refusal and break is thrown as a Stop. */
export class Server {
  readonly #wire: Wire

  constructor(wire: Wire) {
    this.#wire = wire
  }

  /** Asks, and gives the answer's JSON exactly as it came. @throws Stop */
  async askAny(name: OperationName, input: Input = {}): Promise<unknown> {
    const row = await loadOperation(name)
    const answer = await this.#wire.send(messageOf(row, input))
    const body = await text(answer)
    await checkStatus(answer, row, body)
    return readJson(body)
  }

  /** Asks, and gives what the table says of the answer. @throws Stop */
  async ask<N extends OperationName>(name: N, input: Input = {}): Promise<Answer<N>> {
    const row = await loadOperation(name)
    const answer = await this.askAny(name, input)
    const read =
      row.kind === 'list'
        ? pageOf(answer, (item) => row.output.parse(item))
        : row.output.parse(answer)
    return read as Answer<N>
  }

  /** Sends octets, and gives what the table says of the answer. @throws Stop */
  async append<N extends OperationName>(
    name: N,
    input: Input,
    octets: AsyncIterable<Uint8Array>,
  ): Promise<Answer<N>> {
    const row = await loadOperation(name)
    const answer = await this.#wire.send({
      ...messageOf(row, input),
      ...{ body: octets, mediaType: row.uploadType ?? 'application/octet-stream' },
    })
    const body = await text(answer)
    await checkStatus(answer, row, body)
    return row.output.parse(readJson(body)) as Answer<N>
  }

  /** The bytes of a stream as they come: of an export, a watch, or the news of an upload. @throws Stop */
  async stream(
    name: OperationName,
    input: Input = {},
    upload?: AsyncIterable<Uint8Array>,
  ): Promise<AsyncIterable<Uint8Array>> {
    const row = await loadOperation(name)
    const answer = await this.#wire.send({
      ...messageOf(row, input),
      ...(upload === undefined ? {} : { body: upload, mediaType: row.uploadType ?? 'text/csv' }),
    })
    if (answer.statusCode !== 200) await checkStatus(answer, row, await text(answer))
    return unbroken(answer)
  }

  close(): void {
    this.#wire.close()
  }
}

/** Any answer's page, item by item. */
export function pageOf<T>(answer: unknown, read: (item: unknown) => T): Page<T> {
  const { items, next } = answer as Page
  return { items: items.map(read), next }
}

/** Where each input goes: into the path, the query, or the body. */
function messageOf(row: Operation, input: Input) {
  const { method, path } = row
  const rest = new Map(Object.entries(input).filter(([, value]) => value !== undefined))
  const filled = path.replace(/:(\w+)/g, (_match, name: string) => {
    const value = String(rest.get(name) ?? '')
    rest.delete(name)
    return encodeURIComponent(value)
  })
  const target = `/api/v1${filled}`
  if (method === 'POST' && !takesBody(row)) {
    const body = JSON.stringify(Object.fromEntries(rest))
    return { method, path: target, mediaType: 'application/json', body }
  }
  const query = new URLSearchParams()
  for (const [name, value] of rest) {
    for (const one of Array.isArray(value) ? value : [value]) query.append(name, String(one))
  }
  return { method, path: query.size === 0 ? target : `${target}?${query}` }
}

async function checkStatus(answer: IncomingMessage, row: Operation, body: string): Promise<void> {
  const status = answer.statusCode ?? 0
  if (status >= 200 && status < 300) return
  throw stopFor(row, status, body)
}

function readJson(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch (cause) {
    throw broken('the answer is not JSON', 'is this a Vitalsign server of this version?', cause)
  }
}

/** A stream that ends before its end was cut off by the server, which says so in its own log. */
async function* unbroken(answer: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of answer) yield chunk
  } catch (cause) {
    throw broken('the server cut its answer off', "the server's log says why", cause)
  }
  if (!answer.complete) throw broken('the server cut its answer off', "the server's log says why")
}
