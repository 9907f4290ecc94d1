// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Issuer } from '../authority/issuer.ts'
import type { Profile } from '../policy/profile.ts'
import type { Refused } from '../refusal.ts'
import type { Host } from './certify.ts'
import type { EnrolmentPorts } from './enrolment-ports.ts'

/**
 * Who signs by a profile that stands behind no entrance.
 *
 * @param issuer who signs where the profile names nobody else; undefined: nobody can
 */
export function hostFor(
  { hosting }: Profile,
  issuer: Issuer | undefined,
  { doors }: Pick<EnrolmentPorts, 'doors'>,
): Host | Refused {
  if (hosting === undefined)
    return issuer === undefined
      ? refuse('issuing-stopped', 'no issuing authority is active')
      : { kind: 'here', issuer }
  const upstream = doors.upstreams.find(({ upstream: { name } }) => name === hosting.upstream)
  return upstream === undefined
    ? refuse('issuing-stopped', `upstream ${hosting.upstream} is not here any more`)
    : { kind: 'upstream', upstream, hosting }
}

/** The end of the authority that would sign, which no certificate outlives. */
export function issuerNotAfterOf(host: Host): Temporal.Instant {
  const { certificate } = host.kind === 'here' ? host.issuer : host.upstream.signer
  return certificate.notAfter
}
