// SPDX-License-Identifier: Apache-2.0
import type { Certificate } from '#format/x509/certificate.ts'
import { formatName } from '#format/x509/name.ts'
import { markIn } from '#trust/environment-mark.ts'
import { refuse } from '#trust/refusal.ts'
import type { Authority } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'

/**
 * Whether somebody else's authorities may stand above those of an installation: an environment is fixed at
 * birth and inherited, and a name that says TRIAL would be on devices for decades.
 */
export function checkMarks(
  chain: readonly Pick<Certificate, 'subject'>[],
  environment: Authority['environment'],
): Refused | undefined {
  for (const { subject } of chain) {
    const values = subject.rdns.flat().map(({ value }) => value)
    const mark = markIn(values, environment)
    if (mark === undefined) continue
    return refuse(
      'environment-wrong',
      `"${formatName(subject)}" says ${mark}, this is a ${environment} installation`,
    )
  }
  return undefined
}
