// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Refused } from '../refusal.ts'

/** Turns passphrases into what may be kept, slowly. */
export interface PassphraseHasher {
  /** A PHC string of a memory-hard hash with a fresh salt. */
  hash(passphrase: string): Promise<string>
  /**
   * Whether the passphrase belongs to the hash. MUST take as long for a wrong one as for the right
   * one, and as long for `undefined` (nobody of this name) as for a hash.
   */
  verify(hash: string | undefined, passphrase: string): Promise<boolean>
}

/** Code points. NIST SP 800-63B-4 section 3.1.1.2 asks 15 where nothing else protects; with back-off 12 hold. */
const leastLength = 12
/** Room for sentences, no room for a load on the hasher. */
const mostLength = 200
/** Different characters; `aaaaaaaaaaaa` and `121212121212` have fewer. */
const leastVariety = 6

/**
 * Words that stand in every list of guesses. What remains after they and the name are taken away must
 * still be worth something: nobody is saved by "vitalsign1234" or "correcthorsebatterystaple".
 */
const guessedFirst = [
  'administrator',
  'admin',
  'batterystaple',
  'changeme',
  'correcthorse',
  'default',
  'dragon',
  'football',
  'hospital',
  'iloveyou',
  'letmein',
  'login',
  'medical',
  'monkey',
  'passphrase',
  'password',
  'passwort',
  'princess',
  'qwertyuiop',
  'qwertzuiop',
  'qwerty',
  'secret',
  'superman',
  'trustno1',
  'vitalsign',
  'welcome',
] as const

/** Rows along which fingers run. */
const runs = [
  'abcdefghijklmnopqrstuvwxyz',
  '01234567890',
  'qwertyuiop',
  'qwertzuiop',
  'asdfghjkl',
  'zxcvbnm',
]

/** The form in which passphrases are compared, so that every keyboard makes the same one. */
export function normalPassphrase(passphrase: string): string {
  return passphrase.normalize('NFKC')
}

/** Says what is wrong with a passphrase and how to mend it; nothing if it may be used. */
export function checkPassphrase(passphrase: string, personName: string): Refused | undefined {
  const points = [...normalPassphrase(passphrase)]
  if (points.length < leastLength) {
    return tooWeak(
      `it has ${points.length} characters, at least ${leastLength} are needed; four unrelated words do well`,
    )
  }
  if (points.length > mostLength) {
    return tooWeak(
      `it has ${points.length} characters, at most ${mostLength} are taken; shorten it`,
    )
  }
  const variety = new Set(points).size
  if (variety < leastVariety) {
    return tooWeak(
      `it is made of ${variety} different characters, at least ${leastVariety} are needed; use words instead of a pattern`,
    )
  }
  const left = whatIsNotGuessed(points.join('').toLowerCase(), personName)
  if (left.length < leastLength / 2) {
    return tooWeak(
      'it is made of your name, common words or keyboard rows, which are guessed first; add words that have nothing to do with you or this product',
    )
  }
  return undefined
}

function tooWeak(detail: string): Refused {
  return refuse('passphrase-too-weak', detail)
}

/** What is left once names, common words, runs and repetitions are taken away. */
function whatIsNotGuessed(passphrase: string, personName: string): string {
  const names = personName
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((part) => part.length > 2)
  let left = passphrase.replace(/[^\p{L}\p{N}]/gu, '')
  for (const word of [...names, ...guessedFirst]) left = left.replaceAll(word, '')
  for (const run of runs) left = withoutRun(left, run)
  return left.replace(/(.+?)\1+/gu, '$1')
}

/** Without the pieces, four characters or longer, of a run in either direction. */
function withoutRun(text: string, run: string): string {
  const backwards = [...run].reverse().join('')
  let left = text
  for (const row of [run, backwards]) {
    for (let length = row.length; length >= 4; length--) {
      for (let start = 0; start + length <= row.length; start++) {
        left = left.replaceAll(row.slice(start, start + length), '')
      }
    }
  }
  return left
}
