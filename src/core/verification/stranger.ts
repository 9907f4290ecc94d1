// SPDX-License-Identifier: Apache-2.0
import type { Certificate } from '#format/x509/certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import { formatName } from '#format/x509/name.ts'
import { refuse } from '#trust/refusal.ts'
import type { Doors } from '../enrolment/doors.ts'
import type { Clock } from '../ports.ts'
import type { Refused } from '../refusal.ts'
import { pathUnder } from './known-paths.ts'
import type { VerifiablePurpose } from './verify.ts'

/** What is shown of a stranger's names. */
const mostCharacters = 256

/**
 * Why a certificate that the ledger does not know is not believed.
 *
 * That one of our keys signed it makes it worse, not better: nothing is signed here that was not booked, so somebody
 * else may have that key.
 */
export function judgeStranger(
  certificate: Certificate,
  purpose: VerifiablePurpose,
  { doors, clock }: { readonly doors: Pick<Doors, 'own'>; readonly clock: Clock },
): Refused {
  if (readExtension(certificate.extensions, 'basicConstraints')?.ca === true)
    return refuse(
      'certificate-wrong-purpose',
      'the first certificate is that of an authority; the leaf comes first',
    )
  const path = pathUnder(certificate, doors.own, purpose, clock.now())
  if (path.kind === 'refused') return path
  const issuer = formatName(certificate.issuer).slice(0, mostCharacters)
  return refuse(
    'certificate-unknown',
    `${issuer} signed it and it is not in the ledger: find out who else has that key`,
  )
}
