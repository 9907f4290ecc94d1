// SPDX-License-Identifier: Apache-2.0
/** Products, and the policies that wait for a second person; each product's own rules are loaded when asked for. */
import { get } from './api.js'
import { copyable, heading, link, make, moment } from './elements.js'
import { entries } from './entries.js'
import { listOf, pager } from './list.js'
import { actorNames, productNames } from './names.js'
import { sentence } from './words.js'

export async function signingRules({ id, who }) {
  if (id !== undefined) return (await import('./product-rules.js')).productRules(id, who)
  return [
    link('#/releases', 'Releases'),
    heading('Signing rules'),
    make(
      'p',
      'Of each product: what a release needs before it is signed, and in which forms and by which keys it is.',
    ),
    ...(await waiting(who)),
    make('h2', 'Products'),
    ...listOf({
      path: '/products',
      filters: [],
      columns: ['Product', 'Since'],
      row: (one) => [link(`#/signing-rules/${one.id}`, one.name), moment(one.createdAt)],
    }),
  ]
}

/** Policies that ask less than the one before them: nothing of them holds until a second person agrees. */
async function waiting(who) {
  const asked = { state: 'waiting', limit: 20 }
  const { items, next } = await get('/signing-policies', asked)
  if (items.length === 0) return []
  const [{ names }, people] = await Promise.all([productNames(), actorNames()])
  const shown = (some) =>
    entries(
      some.map((one) => [
        link(`#/signing-rules/${one.product}`, `${names.get(one.product)}, number ${one.number}`),
        moment(one.changedAt),
        ...one.lowered.map(sentence),
        make('small', `${people.get(one.changedBy) ?? one.changedBy}: ${sentence(one.because)}`),
        who.role === 'administrator' &&
          copyable(`bin/vitalsign signing-policy approve ${one.id}`, 'the command that agrees'),
        who.role === 'administrator' &&
          copyable(
            `bin/vitalsign signing-policy refuse ${one.id} --because "…"`,
            'the command that refuses',
          ),
      ]),
    )
  const list = shown(items)
  return [
    make('h2', 'Wait for a second person'),
    list,
    pager('/signing-policies', asked, next, (others) => list.append(...shown(others).children)),
  ]
}
