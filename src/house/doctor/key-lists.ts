// SPDX-License-Identifier: Apache-2.0
import type { KeyLists } from '#trust/weak-keys/key-lists.ts'
import { scalarListName } from '#trust/weak-keys/scalars/scalar-list.ts'
import type { Examined } from '../doctor.ts'
import { HouseKeyLists } from '../key-lists.ts'

type Found = Omit<Examined, 'check'>

/** Which lists of weak keys the gate of this node asks, and which of them is broken. */
export function checkKeyLists(keyLists: KeyLists): Found {
  if (!(keyLists instanceof HouseKeyLists))
    return { verdict: 'good', found: 'no lists are kept here', remedy: null }
  const { lists, faults, isMaking } = keyLists
  const asked = lists.map(
    ({ head: { name, count, from } }) => `${name} (${count} entries, ${from})`,
  )
  const words = [
    asked.length === 0 ? 'no list is asked' : `asked: ${asked.join('; ')}`,
    ...(isMaking ? ['the list of small private keys is being made'] : []),
  ].join('; ')
  const [broken] = faults
  if (broken === undefined) return { verdict: 'good', found: words, remedy: null }
  return {
    verdict: 'bad',
    found: `${broken.file} is not asked: ${broken.because}; ${words}`,
    remedy: 'import it again ("vitalsign weak-keys import"), or remove it from DATA/weak-keys',
  }
}

/** What the gate should ask where real devices are meant, and does not. */
export function checkKnownKeys(keyLists: KeyLists): Found {
  const lists = keyLists instanceof HouseKeyLists ? keyLists.lists : []
  if (!lists.some(({ head }) => head.name === scalarListName))
    return {
      verdict: 'warning',
      found:
        'the list of small private keys is not there: each key is searched for them, which takes longer',
      remedy:
        'a server makes it by itself some minutes after its start; "vitalsign weak-keys make" makes it now',
    }
  if (lists.length === 1)
    return {
      verdict: 'warning',
      found: 'keys that others lost are known only where they come with programs',
      remedy: 'import the blocklist of badkeys, as docs/guides/weak-keys.md says',
    }
  return { verdict: 'good', found: `${lists.length} lists are asked`, remedy: null }
}
