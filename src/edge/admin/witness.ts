// SPDX-License-Identifier: Apache-2.0
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { peerOf } from '#edge/http/peer.ts'
import { unknownOperation, type Witness } from '#edge/http/seen.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What log and metrics call the requests of this route. */
    operation?: string
  }
}

const refusals = new WeakMap<FastifyRequest, string>()

/** Notes by which refusal a request is answered. */
export function noteRefusal(request: FastifyRequest, refusal: string): void {
  refusals.set(request, refusal)
}

/** Shows each request of an API to a witness once its answer has left, or its client has gone. */
export function witnessRequests(
  api: FastifyInstance,
  witness: Witness,
  requestIdOf: (request: FastifyRequest, reply: FastifyReply) => string,
): void {
  api.addHook('onRequest', async (request, reply) => {
    const began = witness.now()
    const { socket } = request.raw
    // Now, while the connection surely stands. A local socket has no address.
    const source = socket.remoteAddress === undefined ? 'local' : peerOf(socket).address
    reply.raw.once('close', () =>
      witness.see({
        requestId: requestIdOf(request, reply),
        operation: request.routeOptions.config.operation ?? unknownOperation,
        method: request.method,
        status: reply.raw.headersSent ? reply.raw.statusCode : 0,
        refusal: refusals.get(request),
        milliseconds: witness.now() - began,
        source,
      }),
    )
  })
}
