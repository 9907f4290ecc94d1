// SPDX-License-Identifier: Apache-2.0

/** What an installation, its authorities and what they sign are for; fixed at birth and inherited. */
export const environments = ['trial', 'test', 'production'] as const
export type Environment = (typeof environments)[number]

/** What names of certificates say that are not for devices in the field. */
const marks = ['REHEARSAL', 'TRIAL', 'TEST'] as const

/** Which marks an environment takes. */
const taken: Readonly<Record<Environment, readonly string[]>> = {
  trial: marks,
  test: ['TEST'],
  production: [],
}

/** The mark in these texts that an environment does not take; undefined: there is none. */
export function markIn(texts: readonly string[], environment: Environment): string | undefined {
  const words = texts.flatMap((text) => text.split(/[^A-Za-z0-9]+/))
  return marks.find((mark) => words.includes(mark) && !taken[environment].includes(mark))
}
