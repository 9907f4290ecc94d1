// SPDX-License-Identifier: Apache-2.0
/** The keys by which people approve: whose they are, and who vouched for that. */
import { get } from './api.js'
import { command, fromElsewhere } from './commands.js'
import { digest, facts, heading, link, make, moment, state } from './elements.js'
import { entries } from './entries.js'
import { listOf, pager } from './list.js'
import { actorNames, choiceOf } from './names.js'
import { sentence } from './words.js'

const states = {
  waiting: 'another administrator has yet to confirm whose it is; what it signs counts nothing',
  active: 'what it signs counts',
  ended: 'it signs nothing more; what was signed with it before stays',
}

export async function approvers({ id, who }) {
  return id === undefined ? all(who) : one(id, who)
}

async function all(who) {
  return [
    link('#/releases', 'Releases'),
    heading('Approver keys'),
    make(
      'p',
      'People agree to releases by keys of their own, on their own machines. Each key is of one person, who signs under one name and in one role.',
    ),
    ...(await waiting()),
    make('h2', 'All keys'),
    ...listOf({
      path: '/approvers',
      filters: [choiceOf('state', 'State', Object.keys(states))],
      columns: ['Whose', 'State', 'Registered'],
      row: (key) => [
        [nameOf(key), make('small', [key.role, key.algorithm, `in a ${key.kept}`].join(' · '))],
        state(key.state),
        moment(key.addedAt),
      ],
    }),
    ...(who.role === 'auditor' ? [] : await register()),
  ]
}

// By its id: an address tells no fingerprint either.
const nameOf = ({ id, name }) => link(`#/approvers/${id}`, name)

/** Keys that somebody registered and nobody vouched for. */
async function waiting() {
  const asked = { state: 'waiting', limit: 20 }
  const { items, next } = await get('/approvers', asked)
  if (items.length === 0) return []
  const shown = (some) =>
    entries(some.map((key) => [nameOf(key), moment(key.addedAt), `as ${key.role}`]))
  const list = shown(items)
  return [
    make('h2', 'Wait to be confirmed'),
    list,
    pager('/approvers', asked, next, (others) => list.append(...shown(others).children)),
  ]
}

async function register() {
  const elsewhere = await fromElsewhere()
  return [
    make(
      'details',
      make('summary', 'Get a key of your own'),
      command('Make it on your own machine', 'approver make-key my.pem --printed-name NAME'),
      command(
        'Register it there, in the role in which you approve',
        `approver register --approver-key my.pem --role ROLE --name NAME${elsewhere}`,
      ),
      make('p.hint', 'Then read its fingerprint to another administrator, who confirms it.'),
    ),
  ]
}

async function one(id, who) {
  const [{ items }, people] = await Promise.all([get('/approvers', { approver: id }), actorNames()])
  const [key] = items
  const back = link('#/approvers', 'All approver keys')
  if (key === undefined) return [back, heading('Approver key'), make('p.hint', 'None.')]
  const actor = (person) => people.get(person) ?? person
  return [
    back,
    heading(`${key.name} (${key.role})`),
    make('p', state(key.state), `: ${states[key.state]}`),
    key.endedBecause && make('p.box', sentence(key.endedBecause)),
    facts({
      Account: actor(key.person),
      Algorithm: key.algorithm,
      'Kept in a': `${key.kept}, as its owner says`,
      Registered: moment(key.addedAt),
      Confirmed: key.confirmedAt && [`${actor(key.confirmedBy)}, `, moment(key.confirmedAt)],
      Ended: key.endedAt && [`${actor(key.endedBy)}, `, moment(key.endedAt)],
      // Whoever confirms a key types what its owner says, and not what stands here.
      'Key (SHA-256)': key.state === 'waiting' ? null : digest(key.fingerprint),
    }),
    who.role === 'administrator' && key.state === 'waiting' && confirm(key),
    who.role !== 'auditor' && key.state !== 'ended' && end(key),
  ]
}

function confirm({ id, name }) {
  return make(
    'div',
    make('h2', 'Confirm it'),
    make(
      'p',
      `Let ${name} read you the fingerprint, over the telephone or in person: it stands where the key was made. Whoever came between the two of you cannot bring it to agree, so it is not shown here.`,
    ),
    command('If you are somebody else', `approver confirm ${id} --fingerprint FINGERPRINT`),
  )
}

function end({ id }) {
  return make(
    'details',
    make('summary', 'End it'),
    make(
      'p',
      'At once and for ever. What it said of releases that are not signed yet is void in the same moment.',
    ),
    command('As when a card is lost', `approver end ${id} --because "…"`),
  )
}
