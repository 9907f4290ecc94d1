// SPDX-License-Identifier: Apache-2.0
import { keyAlgorithms } from '#trust/algorithms.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import type { Key } from '../ledger/tables.ts'
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

/**
 * Whether a key that the ledger knows may be certified once more. One that was found weak may not, and what it has
 * stands until people act: its device makes another key, and stays alive by it.
 */
export function checkKeyAgain(key: Key): Refused | undefined {
  return key.state === 'weak'
    ? refuse('key-known-weak', 'this key was found to be weak; make a new one, and ask for that')
    : checkKeyState(key)
}

/** Whether a key that the ledger knows is still in use, for its owner. */
export function checkKeyState(key: Key): Refused | undefined {
  switch (key.state) {
    case 'active':
    case 'weak':
      return undefined
    case 'retired':
      return refuse('key-retired', 'this key was taken out of use with its board; make a new one')
    case 'compromised':
      return refuse('key-known-weak', 'this key was reported compromised; make a new one')
  }
}
