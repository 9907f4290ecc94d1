// SPDX-License-Identifier: Apache-2.0
import type { Refused } from '#core/refusal.ts'
import type { Verification } from '#core/verification/verify.ts'
import { plainAnswer } from '#edge/http/answer.ts'
import type { HttpResponse } from '#edge/http/message.ts'
import { statusOf } from './refusals.ts'

/**
 * 204, and who it is in fields that a proxy may hand on; what is text of people is percent-encoded, since fields
 * take ASCII alone.
 */
export function answerTrusted({ known }: Extract<Verification, { kind: 'trusted' }>): HttpResponse {
  const { record, device, product, application } = known
  return {
    status: 204,
    headers: {
      ...fresh,
      'Vitalsign-Certificate': record.id,
      'Vitalsign-Owner': record.owner,
      ...field('Vitalsign-Device', device?.id),
      'Vitalsign-Until': record.notAfter.toString(),
      ...field('Vitalsign-Serial', device?.serial),
      ...field('Vitalsign-Product', product?.name),
      ...field('Vitalsign-Lot', device?.lot),
      ...field('Vitalsign-Application', application?.name),
    },
    body: '',
  }
}

/** 401 or 403, and why, for the proxy's log. */
export function answerRefused({ reason, detail }: Refused): HttpResponse {
  const answer = plainAnswer(statusOf(reason), `${reason}: ${detail}`, {
    ...fresh,
    'Vitalsign-Reason': reason,
    ...field('Vitalsign-Because', detail.slice(0, mostCharacters)),
  })
  return { ...answer, about: { refusal: reason } }
}

/** nginx takes 4 kB of fields from whom it asks, and each character may become nine. */
const mostCharacters = 240

/** Of the moment: an answer that is kept anywhere would let in whom it should not. */
const fresh = { 'Cache-Control': 'no-store' } as const

function field(name: string, value: string | null | undefined): Record<string, string> {
  // A lone surrogate would make the encoding throw; no record has one, a detail may quote a stranger.
  return value == null ? {} : { [name]: encodeURIComponent(value.toWellFormed()) }
}
