// SPDX-License-Identifier: Apache-2.0
import type { Certificate } from '#format/x509/certificate.ts'
import { formatName } from '#format/x509/name.ts'
import { refuse } from '#trust/refusal.ts'
import type { Authority } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'

/** What names of certificates say that are not for devices in the field. */
const marks = ['REHEARSAL', 'TRIAL', 'TEST'] as const

/** Which marks an installation takes above its own authorities. */
const taken: Readonly<Record<Authority['environment'], readonly string[]>> = {
  trial: marks,
  test: ['TEST'],
  production: [],
}

/**
 * Whether somebody else's authorities may stand above those of an installation: an environment is fixed at
 * birth and inherited, and a name that says TRIAL would be on devices for decades.
 */
export function checkMarks(
  chain: readonly Certificate[],
  environment: Authority['environment'],
): Refused | undefined {
  for (const { subject } of chain) {
    const words = subject.rdns.flat().flatMap(({ value }) => value.split(/[^A-Za-z0-9]+/))
    const mark = marks.find((one) => words.includes(one))
    if (mark === undefined || taken[environment].includes(mark)) continue
    return refuse(
      'environment-wrong',
      `"${formatName(subject)}" says ${mark}, this is a ${environment} installation`,
    )
  }
  return undefined
}
