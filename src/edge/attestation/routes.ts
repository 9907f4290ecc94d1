// SPDX-License-Identifier: Apache-2.0
/** How a device proves its TPM: two questions beside EST, whose tickets EST takes. */
import type { Begun } from '#core/attestation/begin.ts'
import type { Certified } from '#core/attestation/certify.ts'
import type { Asked } from '#core/attestation/ports.ts'
import { Fault } from '#core/fault.ts'
import type { Refused } from '#core/refusal.ts'
import type { Handler, HttpRequest, HttpResponse, Route } from '#edge/http/message.ts'
import {
  attestationPaths,
  type BeginRequest,
  type CertifyRequest,
  mostMessageBytes,
} from '#format/attestation/messages.ts'
import { refuse } from '#trust/refusal.ts'
import { acceptBegin, acceptCertify } from './accept.ts'
import { answerBegun, answerCertified, answerRefused } from './answer.ts'

/** What the exchange asks of the house. */
export interface AttestationRoutePorts {
  begin(request: BeginRequest, asked: Asked): Promise<Begun>
  certify(request: CertifyRequest, asked: Asked): Promise<Certified>
  /** Hears of what did not come so far as core. */
  refused(refused: Refused, asked: Asked): Promise<void>
}

export function attestationRoutes(ports: AttestationRoutePorts): readonly Route[] {
  const route = { method: 'POST', maxBodyBytes: mostMessageBytes } as const
  return [
    {
      ...{ ...route, path: attestationPaths.begin, operation: 'tpm-begin' },
      handler: answering(async (http) => {
        const accepted = acceptBegin(http)
        if (accepted.kind === 'refused') return turnDown(accepted, http, ports)
        return answerBegun(await ports.begin(accepted.request, accepted.asked))
      }),
    },
    {
      ...{ ...route, path: attestationPaths.certify, operation: 'tpm-certify' },
      handler: answering(async (http) => {
        const accepted = acceptCertify(http)
        if (accepted.kind === 'refused') return turnDown(accepted, http, ports)
        return answerCertified(await ports.certify(accepted.request, accepted.asked))
      }),
    },
  ]
}

async function turnDown(
  refused: Refused,
  { peer, requestId }: HttpRequest,
  ports: AttestationRoutePorts,
): Promise<HttpResponse> {
  await ports.refused(refused, { sourceAddress: peer.address, requestId })
  return answerRefused(refused)
}

function answering(handler: Handler): Handler {
  return async (http) => {
    try {
      return await handler(http)
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'store-full') throw error
      return answerRefused(refuse('store-full', 'the disk of the server is full; try again later'))
    }
  }
}
