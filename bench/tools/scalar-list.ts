// SPDX-License-Identifier: Apache-2.0
import { writeKeyList } from '#edge/key-lists/write-key-list.ts'
import { keyListPlace } from '#house/key-lists.ts'
import { makeScalarList, scalarListName } from '#trust/weak-keys/scalars/scalar-list.ts'

/**
 * Gives an installation the list of small private keys, which a server makes in its fourth minute: until then each key
 * that comes is searched for them, a millisecond each, and that is what a bench of a young house would measure.
 */
export async function giveScalarList(directory: string): Promise<void> {
  const { head, entries } = makeScalarList()
  await writeKeyList(keyListPlace(directory), scalarListName, [head, entries])
}
