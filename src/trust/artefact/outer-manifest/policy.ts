// SPDX-License-Identifier: Apache-2.0
import type { PolicyRow } from '#format/outer-manifest/manifest.ts'
import { keyAlgorithms } from '#trust/algorithms.ts'
import { findCoseAlgorithm } from '#trust/cose/algorithms.ts'

/** Post-quantum keys of this strength and above make an AND-policy: FIPS 204 category 3, so ML-DSA-65 and -87. */
const leastStrength = 192

/** Which kinds of signatures the rows of a policy ask for. */
export function familiesOf(rows: readonly Pick<PolicyRow, 'algorithm'>[]) {
  const keys = rows.flatMap(({ algorithm }) => {
    const row = findCoseAlgorithm(algorithm)
    return row === undefined ? [] : [keyAlgorithms[row.key]]
  })
  return {
    classical: keys.some(({ postQuantum }) => !postQuantum),
    postQuantum: keys.some(({ postQuantum, strength }) => postQuantum && strength >= leastStrength),
  }
}
