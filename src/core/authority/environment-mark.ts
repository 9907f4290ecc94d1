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

/** The mark in these texts that an environment does not take; undefined: there is none. */
export function markIn(
  texts: readonly string[],
  environment: Authority['environment'],
): string | undefined {
  const words = texts.flatMap((text) => text.split(/[^A-Za-z0-9]+/))
  return marks.find((mark) => words.includes(mark) && !taken[environment].includes(mark))
}
