// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { AdminApiOptions } from './api.ts'

/** The API of one door, made for its first request: its routes, and what is loaded for them, lengthen a start. */
export class AdminApiOnDemand {
  readonly #options: AdminApiOptions
  #api: Promise<FastifyInstance> | undefined
  #isClosed = false

  constructor(options: AdminApiOptions) {
    this.#options = options
  }

  /**
   * Answers a request that a server hands over; one that comes while the API is made waits for it. If it cannot be
   * made, who asked is cut off, and the next request tries again.
   */
  readonly answer = (request: IncomingMessage, response: ServerResponse): void => {
    if (this.#isClosed && this.#api === undefined) return void response.destroy()
    this.#api ??= makeApi(this.#options)
    const making = this.#api
    making.then(
      (api) => api.routing(request, response),
      (cause: unknown) => {
        if (this.#api === making) this.#api = undefined
        const { method = '', url = '' } = request
        const given = response.getHeader('x-request-id')
        const requestId = typeof given === 'string' ? given : this.#options.random.bytes(8).toHex()
        this.#options.report?.({ requestId, method, path: url.split('?', 1)[0] ?? '', cause })
        response.destroy()
      },
    )
  }

  /** Ends what streams; nothing is answered any more. */
  async close(): Promise<void> {
    this.#isClosed = true
    const made = await this.#api?.catch(() => undefined)
    await made?.close()
  }
}

async function makeApi(options: AdminApiOptions): Promise<FastifyInstance> {
  const { makeAdminApi } = await import('./api.ts')
  return makeAdminApi(options)
}
