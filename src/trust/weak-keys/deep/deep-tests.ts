// SPDX-License-Identifier: Apache-2.0

/**
 * How far Pollard's p-1 looks in keys of up to so many bits: at each size about a second of one core. Twice the bound
 * is twice the time.
 */
export const smoothBounds = [
  { bits: 2_048, bound: 2 ** 20 },
  { bits: 3_072, bound: 2 ** 19 },
  { bits: 4_096, bound: 2 ** 18 },
  { bits: Number.POSITIVE_INFINITY, bound: 2 ** 16 },
] as const

/**
 * How small a private key is looked for, itself or its negative. What is met in the world is one random number of 32
 * bits taken for a key; 16 times as far costs a twentieth of a second for a key of P-256.
 */
export const smallScalarBits = 36

/** Names the tests and how far they look: another text whenever one of them looks further. */
export const deepTests = `p-1 to ${smoothBounds.map(({ bound }) => bound).join(' ')}; prime; power; scalars below 2^${smallScalarBits}, and 32 bits before zeros`
