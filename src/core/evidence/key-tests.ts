// SPDX-License-Identifier: Apache-2.0
import { openByKind } from '../keywatch/open-findings.ts'
import { watchState } from '../keywatch/state.ts'
import type { Ledger } from '../ledger/ledger.ts'

/**
 * How it is known that no two devices share a key and that none of their keys is weak: which tests, over how many
 * keys, when. From the records of the watch; the log has an event `keys-watched` for each of its runs.
 */
export async function keyTests(ledger: Ledger): Promise<string> {
  const { keys, lastRound, primes, deep } = await watchState(ledger)
  const open = Object.entries(await openByKind(ledger))
  const found = open.map(([kind, count]) => `${count} ${kind}`).join(', ')
  return [
    'each is unique over all authorities and stations here, and tested for weaknesses before it is certified',
    keys === null || lastRound === null
      ? 'no whole round of the watch over all keys is over yet'
      : `all were tested again by ${lastRound.at} (${lastRound.tests}), ${keys.keys} tests so far`,
    ...(primes === null
      ? []
      : [`${primes.moduli} RSA keys were compared for shared primes at ${primes.at}`]),
    ...(deep === null ? [] : [`${deep.keys} were tested deeper (${deep.tests})`]),
    found === '' ? 'no finding is open' : `open findings: ${found}`,
  ].join('; ')
}
