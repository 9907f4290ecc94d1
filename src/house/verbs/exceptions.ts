// SPDX-License-Identifier: Apache-2.0
import type { Ledger } from '#core/ledger/ledger.ts'
import type { Exception } from '#core/ledger/tables.ts'
import { pageOf } from '#edge/admin/ledger-verbs/queries.ts'
import type { Verbs } from '#edge/admin/verbs.ts'
import type { OutputOf } from '#format/admin/operations.ts'
import type { Core } from '../core.ts'
import { namesOf } from './names-of.ts'

/** Rules that were relaxed, for who has to know all of them. */
export function exceptionVerbs({ ledger }: Core): Pick<Verbs, 'exception.list'> {
  return {
    'exception.list': async ({ rule, subject, ...paging }) => {
      const walk =
        subject !== undefined
          ? ({ by: 'subject', equal: [subject] } as const)
          : rule !== undefined
            ? ({ by: 'rule', equal: [rule] } as const)
            : {}
      const { items, next } = await ledger.list('exception', {
        ...{ ...walk, descending: true, ...pageOf(paging) },
        where: rule === undefined ? {} : { rule },
      })
      return { items: await Promise.all(items.map((one) => show(one, ledger))), next }
    },
  }
}

async function show(
  { id, rule, subject, grantedBy, reason, until, createdAt }: Exception,
  ledger: Ledger,
): Promise<OutputOf<'exception.list'>> {
  const by = grantedBy.split(', ')
  const names = await namesOf(by, ledger)
  return {
    ...{ id, rule, subject, subjectName: (await subjectName(subject, ledger)) ?? null, reason },
    grantedBy: by.map((one) => names[one] ?? one).join(', '),
    until: until?.toString() ?? null,
    createdAt: createdAt.toString(),
  }
}

/** What people call that which an exception is about; undefined: it is known by its id alone. */
async function subjectName(id: string, ledger: Ledger): Promise<string | undefined> {
  const ofProduct = async (product: string, words: string) =>
    `${words} of ${(await ledger.read('product', product))?.name ?? product}`
  switch (id.slice(0, 4)) {
    case 'dev_':
      return (await ledger.read('device', id))?.serial
    case 'aut_':
      return (await ledger.read('authority', id))?.name
    case 'rel_': {
      const release = await ledger.read('release', id)
      return release && ofProduct(release.product, release.firmwareVersion)
    }
    case 'sgk_': {
      const key = await ledger.read('artefactKey', id)
      return key && ofProduct(key.product, `signing key ${key.name}`)
    }
    case 'spo_': {
      const policy = await ledger.read('signingPolicy', id)
      return policy && ofProduct(policy.product, `signing policy ${policy.number}`)
    }
    case 'rot_': {
      const rotation = await ledger.read('rotation', id)
      return rotation && ofProduct(rotation.product, 'a rotation')
    }
    default:
      return undefined
  }
}
