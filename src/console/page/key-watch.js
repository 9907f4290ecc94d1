// SPDX-License-Identifier: Apache-2.0
/** The watch over all keys: how far it is, what it found, and what nobody has decided about yet. */
import { get, post } from './api.js'
import { command } from './commands.js'
import { button, facts, heading, link, make, moment, state } from './elements.js'
import { askReason } from './form.js'
import { listOf } from './list.js'
import { choiceOf, productNames } from './names.js'
import { sentence } from './words.js'

/** Each state of a finding. */
export const findingStates = {
  proposed: 'nobody has decided yet',
  acted: 'trust in the key was ended',
  over: 'nothing is believed of the key any more',
  dismissed: 'somebody accepts it',
}

/** Of findings: what is seen in signatures that devices made comes first, then what keys show by themselves. */
const kindsOfFinding = [
  ...['nonce-biased', 'nonce-repeated', 'nonce-shared', 'nonce-small'],
  ...['close-primes', 'key-listed', 'key-published', 'key-shared', 'modulus-degenerate'],
  ...['modulus-pattern', 'modulus-smooth', 'prime-shared', 'prime-small', 'primes-structured'],
  ...['roca', 'scalar-pattern', 'scalar-small', 'seed-known'],
]

export async function keyWatch({ who, again }) {
  const [watch, { names, filter }] = await Promise.all([get('/keywatch'), productNames()])
  return [
    heading('Key watch'),
    make(
      'p',
      'Keys of the fleet that are weak, shared or known, and what people may do about them. Nothing is ended by itself. ',
      link('#/scans', 'What scans of images found'),
    ),
    watch.pausedAt !== null &&
      make(
        'p.box.warn',
        `The watch is paused: ${sentence(watch.pausedBecause)} Since `,
        moment(watch.pausedAt),
      ),
    ...(await alarms(who, again)),
    make('h2', 'Findings'),
    ...listOf({
      path: '/findings',
      filters: [
        { ...choiceOf('state', 'State', Object.keys(findingStates)), value: 'proposed' },
        filter,
        choiceOf('kind', 'Kind', kindsOfFinding),
        { name: 'lot', label: 'Lot', maxlength: 64 },
      ],
      columns: ['Finding', 'Severity', 'Found'],
      row: (one) => [
        [link(`#/finding/${one.id}`, one.kind), make('small', ownerOf(one, names))],
        [state(one.severity), ' ', state(one.state)],
        moment(one.foundAt),
      ],
    }),
    make('details', make('summary', 'How far the watch is'), ...progress(watch, who, again)),
  ]
}

/** Whose key it is, as people know it. */
function ownerOf({ deviceSerial, owner, lot, product }, names) {
  return [deviceSerial ?? owner, lot && `lot ${lot}`, names.get(product)]
    .filter(Boolean)
    .join(' · ')
}

const kinds = [
  'key-found-weak',
  'key-held-twice',
  'key-recovered',
  'key-of-another-shown',
  'key-watch-stopped',
]

/** Of each kind. */
const mostAlarms = 20

async function alarms(who, again) {
  const found = await Promise.all(kinds.map((kind) => get('/alarms', { kind, limit: mostAlarms })))
  if (found.every(({ items }) => items.length === 0)) return []
  const { alarmList } = await import('./alarms.js')
  return [
    make('h2', 'Alarms'),
    await alarmList(
      found.flatMap(({ items }) => items),
      who,
      again,
    ),
    found.some(({ next }) => next !== null) &&
      make(
        'p.hint',
        `Of each kind the newest ${mostAlarms} are shown; "bin/vitalsign alarm list" has all.`,
      ),
  ]
}

function progress(watch, who, again) {
  const { round, lastRound, nonces, deep, compared, search } = watch
  const states = {
    paused: 'paused',
    running: `running on ${watch.runsOn}`,
    waiting: 'waits for its time',
  }
  const roundText = (one) =>
    one && [
      `${one.keys} ${one.completedAt === null ? 'so far' : 'in all'}, since `,
      moment(one.startedAt),
    ]
  return [
    facts({
      State: states[watch.state],
      'Keys of the fleet': `${watch.keys}`,
      'Tested in this round': roundText(round),
      'Last whole round': lastRound
        ? [`${lastRound.keys} keys, `, moment(lastRound.at)]
        : 'none yet',
      'Keys searched by what they signed': roundText(nonces),
      'Tests that take long': roundText(deep),
      'RSA keys held against one another': compared && [
        `${compared.moduli}, `,
        moment(compared.at),
      ],
      'Wait for that here': `${search.waiting} of ${search.moduli + search.waiting}`,
      'Damaged, made anew': search.damaged.join(', ') || null,
      'Last run': moment(watch.lastRunAt),
      'Next run': watch.nextRunAt && moment(watch.nextRunAt),
    }),
    who.role !== 'auditor' &&
      make('p.actions', watch.state === 'paused' ? resume(again) : pause(again)),
    ...(who.role === 'auditor' ? [] : command('Test what is new at once', 'keywatch run')),
  ].filter(Boolean)
}

function pause(again) {
  const words = 'Pause it'
  const text =
    'What runs ends at its next step and keeps what it has; new keys are tested at the door as ever. An alarm reminds people while it is paused.'
  return button(words, () =>
    askReason(
      'Pause the watch over all keys?',
      text,
      words,
      async (because) => {
        await post('/keywatch/pause', { because })
        again()
      },
      'because',
    ),
  )
}

function resume(again) {
  return button('Have it go on', async () => {
    await post('/keywatch/resume')
    again()
  })
}
