// SPDX-License-Identifier: Apache-2.0
/** The keys that sign artefacts of each product, and how they follow each other. */
import { get } from './api.js'
import { copyable, heading, link, make, moment, state } from './elements.js'
import { entries } from './entries.js'
import { listOf, pager } from './list.js'
import { choiceOf, productNames } from './names.js'
import { sentence } from './words.js'

/** Each state of a signing key, and what it does in it. */
export const keyStates = {
  next: 'devices are to learn it; it signs nothing yet',
  current: 'it signs',
  retiring: 'it signs beside the one that follows it',
  retired: 'it signs nothing more; what it signed stays valid',
  revoked: 'reported as stolen; it signs nothing more',
}

export async function signingKeys() {
  const { names, filter } = await productNames()
  return [
    heading('Signing keys'),
    make('p', 'Each signs artefacts of one product, in one environment, and nothing else.'),
    ...(await rotationSection(names)),
    ...(await endingSection()),
    make('h2', 'All keys'),
    ...listOf({
      path: '/signing-keys',
      filters: [filter, choiceOf('state', 'State', Object.keys(keyStates))],
      columns: ['Key', 'State', 'Ends'],
      row: (one) => [
        [
          link(`#/signing-key/${one.id}`, one.name),
          make('small', [names.get(one.product), one.algorithm, one.environment].join(' · ')),
          make('small', `signs ${one.forms.join(', ')}`),
        ],
        state(one.state),
        ends(one),
      ],
    }),
  ]
}

/** Until when: its certificate, or it ended already; a key without a certificate ends by a person's act. */
export function ends({ endedAt, notAfter }) {
  if (endedAt !== null) return moment(endedAt)
  return notAfter === null ? 'by decision' : moment(notAfter)
}

async function rotationSection(names) {
  const asked = { limit: 20 }
  const { items, next } = await get('/rotations', asked)
  if (items.length === 0) return []
  const shown = (some) =>
    entries(
      some.map((one) => [
        link(`#/rotation/${one.id}`, `${one.from} → ${one.to}`),
        state(one.state),
        [`${names.get(one.product)}, since `, moment(one.begunAt)],
      ]),
    )
  const list = shown(items)
  return [
    make('h2', 'Keys that follow each other'),
    list,
    pager('/rotations', asked, next, (others) => list.append(...shown(others).children)),
  ]
}

/** Keys that are to end though devices need them: a second person decides. */
async function endingSection() {
  const { items } = await get('/key-endings', { limit: 1000 })
  const waiting = items.filter((one) => one.state === 'waiting')
  if (waiting.length === 0) return []
  return [
    make('h2', 'Wait for a second person'),
    entries(
      waiting.map((one) => [
        link(`#/signing-key/${one.signingKey}`, `${one.act} ${one.name}`),
        moment(one.askedAt),
        sentence(one.because),
        `Believed alone by ${one.devices} devices; ${one.unknown} never said.`,
        copyable(`bin/vitalsign key-ending approve ${one.id}`, 'the command'),
      ]),
    ),
  ]
}
