// SPDX-License-Identifier: Apache-2.0
/** Which lists speak of a certificate, and for which reasons: RFC 5280 section 6.3.3 (b), (d). */
import type { Certificate } from '#format/x509/certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import {
  type DistributionPoint,
  type IssuingDistributionPoint,
  type ReasonFlagName,
  reasonFlagNames,
} from '#format/x509/extensions/locations.ts'
import type { GeneralName } from '#format/x509/general-name.ts'
import { sameName } from '#format/x509/name.ts'
import type { RevocationList } from './revocation-list.ts'

/** Every reason but the bit that is unused. */
export const allReasons: readonly ReasonFlagName[] = reasonFlagNames.slice(1)

/**
 * The reasons for which a list speaks of a certificate of its issuer; empty: it does not.
 *
 * Points of the certificate that name another issuer of lists (section 4.2.1.13, cRLIssuer) are passed over, as are
 * indirect lists: whoever signs for others is not understood here, and what is not understood covers nothing.
 */
export function reasonsCovered(
  { point, isIndirect }: RevocationList,
  certificate: Certificate,
): readonly ReasonFlagName[] {
  if (isIndirect || !isOfKind(point, certificate)) return []
  const own = point?.onlySomeReasons ?? allReasons
  const matching = pointsOf(certificate).filter((one) => meets(point, one))
  // (d): the reasons of the list that the certificate's point has, too.
  return own.filter((reason) =>
    matching.some(({ reasons = allReasons }) => reasons.includes(reason)),
  )
}

/** (b)(2)(ii) to (iv). */
function isOfKind(
  point: IssuingDistributionPoint | undefined,
  { extensions }: Certificate,
): boolean {
  if (point?.onlyContainsAttributeCerts === true) return false
  const isAuthority = readExtension(extensions, 'basicConstraints')?.ca === true
  if (isAuthority) return point?.onlyContainsUserCerts !== true
  return point?.onlyContainsCACerts !== true
}

/** Those of the certificate, and the one that every certificate has: its issuer's own name. */
function pointsOf({ extensions, issuer }: Certificate): readonly DistributionPoint[] {
  const named = readExtension(extensions, 'cRLDistributionPoints') ?? []
  return [
    ...named.filter(({ crlIssuer }) => crlIssuer === undefined),
    { fullName: [{ kind: 'directory', name: issuer }] },
  ]
}

/** (b)(2)(i): where the list names its point, one of its names is one of the certificate's point. */
function meets(
  point: IssuingDistributionPoint | undefined,
  { fullName }: DistributionPoint,
): boolean {
  const names = point?.fullName
  return names === undefined || names.some((one) => fullName.some((other) => isSame(one, other)))
}

function isSame(one: GeneralName, other: GeneralName): boolean {
  if (one.kind === 'uri' && other.kind === 'uri') return one.value === other.value
  if (one.kind === 'directory' && other.kind === 'directory') return sameName(one.name, other.name)
  return false
}
