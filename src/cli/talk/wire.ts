// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage, RequestOptions } from 'node:http'
import { Agent as TlsAgent, request as tlsRequest } from 'node:https'
import { Readable } from 'node:stream'
import { Agent, request as plainRequest } from '#edge/http/node-http.ts'
import { callingOptions } from '#trust/tls-settings.ts'
import { broken } from '../stop.ts'

/** Where the API is: the socket of an installation here, or the device port of one elsewhere. */
export type Place =
  | { readonly kind: 'socket'; readonly path: string }
  | {
      readonly kind: 'tls'
      readonly url: URL
      /** PEM, as node:tls takes them. */
      readonly ca: readonly string[]
      readonly cert: string | undefined
      readonly key: string | undefined
    }

export interface Sent {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly mediaType?: string
  readonly body?: string | AsyncIterable<Uint8Array>
}

/** A wide answer for a network that does not answer at all; an answer itself may take its time. */
const connectMilliseconds = 15_000

/** Exchanges HTTP messages with one installation. */
export class Wire {
  readonly #place: Place
  readonly #agent: InstanceType<typeof Agent>
  #bearer: string | undefined

  constructor(place: Place) {
    this.#place = place
    this.#agent =
      place.kind === 'tls' ? new TlsAgent({ keepAlive: true }) : new Agent({ keepAlive: true })
  }

  /** Sends a request; resolves with the answer's head, its body still to be read. @throws Stop */
  send({ method, path, mediaType, body }: Sent): Promise<IncomingMessage> {
    const headers = {
      ...(mediaType !== undefined && { 'Content-Type': mediaType }),
      ...(this.#bearer !== undefined && { Authorization: `Bearer ${this.#bearer}` }),
    }
    const options = { method, path, headers, agent: this.#agent }
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const place = this.#place
    const sent =
      place.kind === 'socket'
        ? plainRequest({ ...options, socketPath: place.path })
        : tlsRequest({ ...options, ...callingOptions(), ...tlsOptions(place) })
    let answered = false
    sent.setTimeout(connectMilliseconds, () => {
      if (sent.socket?.connecting === true) sent.destroy(new Error('no answer to the connection'))
    })
    sent.on('response', (answer) => {
      answered = true
      resolve(answer)
    })
    sent.on('error', (cause) => {
      // Once an answer comes, it says more than that our own sending was cut off.
      if (!answered) reject(unreachable(place, cause))
    })
    if (body === undefined || typeof body === 'string') sent.end(body)
    else {
      const source = Readable.from(body)
      source.on('error', (cause) => {
        reject(cause)
        sent.destroy()
      })
      source.pipe(sent)
    }
    return promise
  }

  /** From now on what is asked is asked by whom this token stands for. */
  speakAs(token: string): void {
    this.#bearer = token
  }

  close(): void {
    this.#agent.destroy()
  }
}

function tlsOptions({ url, ca, cert, key }: Extract<Place, { kind: 'tls' }>): RequestOptions & {
  readonly ca: string[]
  readonly cert?: string
  readonly key?: string
} {
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? 443 : url.port,
    ca: [...ca],
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  }
}

function unreachable(place: Place, cause: Error) {
  const code = 'code' in cause ? String(cause.code) : ''
  const words = cause.message === '' ? code : lower(cause.message)
  if (place.kind === 'socket') {
    return broken(
      `cannot reach the server at ${place.path}: ${words}`,
      'is it running? "vitalsign serve" or "npm start" runs it',
      cause,
    )
  }
  const isTrust = /CERT|SIGNATURE|SELF_SIGNED|ALTNAME/.test(code)
  return broken(
    `cannot reach ${place.url.origin}: ${words}`,
    isTrust
      ? 'compare the fingerprint and the name with what the server printed at its start'
      : 'look at the address and at the network; is the server running?',
    cause,
  )
}

function lower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
