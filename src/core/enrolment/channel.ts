// SPDX-License-Identifier: Apache-2.0
import type { CertificationRequest } from '#format/x509/certification-request.ts'
import { sameSecret } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import type { Profile } from '../policy/profile.ts'
import type { Refused } from '../refusal.ts'
import type { Applicant } from './applicant.ts'
import type { EnrolmentRequest } from './request.ts'

/**
 * Where the profile wants it: whether the request names the very connection that it came over.
 *
 * The value stands in challengePassword, in base64, as RFC 7030 section 3.5 says of tls-unique; it is
 * that of RFC 9266, since TLS 1.3 has no other. Who makes the request for one connection and sends it
 * over another is refused: a thief in between, and a repetition over a new connection, too.
 */
export function checkChannel(
  { challengePassword }: Pick<CertificationRequest, 'challengePassword'>,
  { channelBinding, proxy }: EnrolmentRequest,
  applicant: Applicant,
  profile: Profile,
): Refused | undefined {
  if (!profile.bindsChannel) return undefined
  const between =
    applicant.kind === 'spoken-for'
      ? `registrar ${applicant.registrar.name} stands between`
      : proxy && `proxy ${proxy.name} ends it`
  if (between !== undefined)
    return missing(`the request must name its own connection to us, and ${between}`)
  if (channelBinding === undefined)
    return missing('the connection has no tls-exporter value; TLS 1.3 is needed')
  if (challengePassword === undefined)
    return missing('the request has no challengePassword with the tls-exporter value')
  const encoder = new TextEncoder()
  return sameSecret(encoder.encode(challengePassword), encoder.encode(channelBinding.toBase64()))
    ? undefined
    : refuse(
        'channel-binding-wrong',
        'challengePassword is not the tls-exporter value of this connection in base64',
      )
}

function missing(why: string): Refused {
  return refuse('channel-binding-missing', why)
}
