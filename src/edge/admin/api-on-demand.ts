// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { type AdminApiOptions, makeAdminApi } from './api.ts'

/** The API for a door that many a house never opens: made for its first request, since its routes lengthen a start. */
export class AdminApiOnDemand {
  readonly #options: AdminApiOptions
  #api: Promise<FastifyInstance> | undefined

  constructor(options: AdminApiOptions) {
    this.#options = options
  }

  /** Answers a request that a front hands over; one that comes while the API is made waits for it. */
  answer(request: IncomingMessage, response: ServerResponse): void {
    this.#api ??= makeAdminApi(this.#options)
    this.#api.then(
      (api) => api.routing(request, response),
      (cause: unknown) => {
        const { method = '', url = '' } = request
        const requestId = String(response.getHeader('x-request-id'))
        this.#options.report?.({ requestId, method, path: url.split('?', 1)[0] ?? '', cause })
        response.destroy()
      },
    )
  }

  async close(): Promise<void> {
    await this.#api?.then((api) => api.close())
  }
}
