// SPDX-License-Identifier: Apache-2.0
import type { Verbs } from '#edge/admin/verbs.ts'
import { refuse } from '#trust/refusal.ts'
import { readWords } from '../words.ts'

/** What words mean. */
export function wordVerbs(): Pick<Verbs, 'explain'> {
  // Read by the first question: few ask, and each start would wait for it.
  let words: ReturnType<typeof readWords> | undefined
  return {
    explain: async ({ word }) => {
      words ??= readWords()
      return (
        words.get(word.toLowerCase()) ??
        refuse(
          'not-found',
          `"${word}" is no word that is explained here; "vitalsign explain" lists them all`,
        )
      )
    },
  }
}
