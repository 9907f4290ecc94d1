// SPDX-License-Identifier: Apache-2.0
/** What a proxy asks before it passes a request on: nginx calls it auth_request. */
import type { Refused } from '#core/refusal.ts'
import type { Asker } from '#core/verification/asker.ts'
import type { Verification, VerificationQuestion } from '#core/verification/verify.ts'
import type { HttpPeer, Route } from '#edge/http/message.ts'
import { refuse } from '#trust/refusal.ts'
import { acceptVerification } from './accept.ts'
import { answerRefused, answerTrusted } from './answer.ts'

export interface VerifyRoutePorts {
  /** Who asks, which its own connection has to prove; MUST refuse whoever may not. */
  asker(peer: HttpPeer): Promise<Asker | Refused>
  verify(question: VerificationQuestion, asker: Asker, peer: HttpPeer): Promise<Verification>
  /** Hears of each asker that was turned away. */
  noteRefused(no: Refused, source: string): Promise<void>
}

/**
 * GET /verify: 204 where the certificate in the field is to be believed, else 401 or 403.
 *
 * The field is the word of whoever asks, so only a program that has proved itself is listened to: a header that
 * anybody can send says nothing.
 */
export function verifyRoutes(ports: VerifyRoutePorts): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/verify',
      operation: 'verify',
      maxBodyBytes: 0,
      handler: async (request) => {
        const { peer } = request
        const asker = await ports.asker(peer)
        if (asker.kind === 'refused') {
          await ports.noteRefused(asker, peer.address)
          // Never 401: that would have the proxy's client look for another certificate.
          const told = refuse(asker.reason, `this proxy may not ask: ${asker.detail}`)
          return { ...answerRefused(told), status: 403 }
        }
        const question = acceptVerification(request)
        if ('reason' in question) return answerRefused(question)
        const verification = await ports.verify(question, asker, peer)
        return verification.kind === 'refused'
          ? answerRefused(verification)
          : answerTrusted(verification)
      },
    },
  ]
}
