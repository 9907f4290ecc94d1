// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { CertificateRecord } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import type { VerifiablePurpose } from './verify.ts'

/** Of which kind a certificate is that is shown for a purpose. */
const kindFor = { device: 'working', client: 'client', server: 'server' } as const satisfies Record<
  VerifiablePurpose,
  CertificateRecord['kind']
>

/**
 * Whether a certificate is of the kind that serves the purpose.
 *
 * Key usage alone would let the certificate of an application pass as a device's, and that of a device as an
 * application's: both say clientAuth.
 */
export function checkKind(
  { kind }: Pick<CertificateRecord, 'kind'>,
  asked: { readonly purpose: VerifiablePurpose; readonly acceptsBirth?: boolean },
): Refused | undefined {
  const { purpose, acceptsBirth = false } = asked
  if (kind === kindFor[purpose]) return undefined
  if (kind === 'birth' && purpose === 'device') {
    return acceptsBirth
      ? undefined
      : refuse(
          'certificate-wrong-purpose',
          'a birth identity is accepted only to enrol; the device has a working identity for all else',
        )
  }
  return refuse(
    'certificate-wrong-purpose',
    `it is a ${kind} certificate, a ${purpose} shows one of kind ${kindFor[purpose]}`,
  )
}
