// SPDX-License-Identifier: Apache-2.0
import { keyAlgorithms } from '#trust/algorithms.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import type { Refused } from '../refusal.ts'
import type { Profile } from './profile.ts'

/** Whether the profile certifies keys of this algorithm. */
export function checkKey(profile: Profile, key: PublicKey): Refused | undefined {
  if (profile.keyAlgorithms.includes(key.algorithm)) return undefined
  const floor = Math.min(...profile.keyAlgorithms.map((name) => keyAlgorithms[name].strength))
  const { strength } = keyAlgorithms[key.algorithm]
  if (strength < floor)
    return refuse(
      'key-too-weak',
      `${key.algorithm} has ${strength} bits of strength, profile ${profile.name} asks ${floor}`,
    )
  return refuse(
    'key-algorithm-not-admitted',
    `key is ${key.algorithm}, profile ${profile.name} admits ${profile.keyAlgorithms.join(', ')}`,
  )
}
