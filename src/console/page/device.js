// SPDX-License-Identifier: Apache-2.0
/** One device: what it is and has, what happened to it, and what may be done with it. */
import { get, post } from './api.js'
import { button, facts, heading, link, make, moment, state, table } from './elements.js'
import { makeCode } from './enrol.js'
import { askReason } from './form.js'
import { eventItems } from './log.js'
import { deviceStates, kinds } from './words.js'

export async function device({ id, who, go, again }) {
  const shown = await get(`/devices/${id}`)
  const identities = shown.certificates.map((one) => [
    [kinds[one.kind], make('small', one.serialNumber)],
    state(one.state),
    moment(one.notAfter),
  ])
  return [
    link('#/', 'All devices'),
    heading(shown.serial),
    make('p', state(shown.state), `: ${deviceStates[shown.state]}`),
    who.role !== 'auditor' && shown.state !== 'retired' && actions(shown, go, again),
    facts({
      Product: shown.productName,
      'Expected since': moment(shown.createdAt),
      'Last identity': moment(shown.seenAt),
      'Hardware revision': shown.hardwareRevision,
      Lot: shown.lot,
      'UDI device identifier': shown.udiDi,
    }),
    make('h2', 'Identities'),
    table(['Identity', 'State', 'Ends'], identities),
    make('h2', 'What happened'),
    make('ol.events', eventItems(shown.events)),
  ]
}

/** Acts for which a reason is asked. */
const acts = {
  'allow-re-enrol': {
    words: 'Let it enrol again',
    text: 'For a device that lost its key or its identity. What it has stays good until replaced. Recorded as an exception.',
    fits: ({ enrolmentsLeft }) => enrolmentsLeft === 0,
  },
  quarantine: {
    words: 'Hold it back',
    text: 'It gets nothing more and its identities are suspended, until it is released. Nothing is lost.',
    fits: ({ state }) => state !== 'quarantined' && state !== 'retired',
  },
  release: {
    words: 'Release it',
    text: 'It is what it was before, and the identities that were suspended with it are believed again.',
    fits: ({ state }) => state === 'quarantined',
  },
  retire: {
    words: 'Retire it',
    text: 'For ever: its identities are revoked, its codes end, its serial is not used again.',
    fits: () => true,
  },
}

function actions(shown, go, again) {
  const { id, serial, version, enrolmentsLeft } = shown
  const code = button('New enrolment code', () => makeCode(shown, go))
  const others = Object.entries(acts)
    .filter(([, { fits }]) => fits(shown))
    .map(([verb, { words, text }]) =>
      button(words, () =>
        askReason(`${serial}: ${words.toLowerCase()}?`, text, words, async (reason) => {
          await post(`/devices/${id}/${verb}`, { reason }, version)
          again()
        }),
      ),
    )
  return make('p.actions', enrolmentsLeft > 0 && code, others)
}
