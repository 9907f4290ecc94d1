// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Verbs } from '../verbs.ts'
import type { LedgerVerbPorts } from './ports.ts'
import { pageOf } from './queries.ts'
import { showProfile } from './show.ts'

/** What is in force and what was; checking and applying are policy's. */
export function profileVerbs({
  ledger,
}: LedgerVerbPorts): Pick<Verbs, 'profile.list' | 'profile.show'> {
  return {
    'profile.list': async ({ name, ...paging }) => {
      const walk = name === undefined ? {} : ({ by: 'name', equal: [name] } as const)
      const { items, next } = await ledger.list('profile', { ...walk, ...pageOf(paging) })
      return { items: items.map(showProfile), next }
    },

    'profile.show': async ({ profile: name, number }) => {
      const found =
        number === undefined
          ? (
              await ledger.list('profile', {
                by: 'name',
                equal: [name],
                descending: true,
                limit: 1,
              })
            ).items[0]
          : await ledger.find('profile', 'number', [name, number])
      if (found === undefined) {
        return refuse(
          'not-found',
          `no profile ${name}${number === undefined ? '' : ` version ${number}`} is here`,
        )
      }
      return { ...showProfile(found), document: found.document }
    },
  }
}
