// SPDX-License-Identifier: Apache-2.0
import type { Certificate } from '#format/x509/certificate.ts'
import { sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import type { Later } from './connection/answer.ts'
import { fetchUncheckedCaCertificates } from './connection/est.ts'
import type { Server } from './connection/server.ts'
import type { NetworkLimits } from './ports.ts'
import type { Refused } from './refusal.ts'

export interface Bootstrapped {
  readonly kind: 'root'
  readonly root: Certificate
}

/**
 * Fetches the root that the user named by its fingerprint. RFC 7030 section 4.1.1.
 *
 * The connection is not trusted and carries no secret. Of all that comes over it one thing is kept: the
 * certificate whose SHA-256 is the given one, so whoever sits on the wire can only withhold it. All else,
 * the other certificates of the authority included, is asked for again over TLS that this root vouches for.
 *
 * @param fingerprint 64 lower-case hex digits
 */
export async function bootstrap(
  server: Server,
  fingerprint: string,
  limits: NetworkLimits,
): Promise<Bootstrapped | Refused | Later> {
  const answer = await fetchUncheckedCaCertificates(server, limits)
  if (answer.kind !== 'certificates') return answer
  const root = answer.certificates.find(({ der }) => sha256(der).toHex() === fingerprint)
  if (root !== undefined) return { kind: 'root', root }
  const offered = answer.certificates.map(({ der }) => sha256(der).toHex())
  return refuse(
    'root-differs',
    `${server.authority} offers no root ${fingerprint}; it offers ${offered.join(', ') || 'nothing'}`,
  )
}
