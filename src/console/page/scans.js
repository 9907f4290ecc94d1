// SPDX-License-Identifier: Apache-2.0
/** Scans of images, and what each of them found; no answer ever holds a secret itself. */
import { get } from './api.js'
import { digest, facts, heading, link, make, moment, state } from './elements.js'
import { entries, manyEntries } from './entries.js'
import { listOf } from './list.js'
import { actorNames, choiceOf, productNames } from './names.js'
import { sentence } from './words.js'

const results = {
  clean: 'nothing was found that nobody answers for',
  found: 'something was found that nobody answers for',
  part: 'not all of it could be looked into',
}

export async function scans() {
  const { names, filter } = await productNames()
  return [
    link('#/key-watch', 'Key watch'),
    heading('Scans'),
    make('p', 'Keys, passwords and switches that somebody left in an image.'),
    ...listOf({
      path: '/scans',
      filters: [filter, choiceOf('result', 'Result', Object.keys(results))],
      columns: ['Image', 'Result', 'Found', 'When'],
      row: (one) => [
        [link(`#/scan/${one.id}`, one.name), make('small', names.get(one.product) ?? '')],
        state(one.result),
        `${one.found}`,
        moment(one.endedAt),
      ],
    }),
  ]
}

export async function scan({ id }) {
  const [shown, people] = await Promise.all([get(`/scans/${id}`), actorNames()])
  const { found, accepted, notScanned, findings, meanings } = shown
  return [
    link('#/scans', 'All scans'),
    heading(shown.name),
    make('p', state(shown.result), `: ${results[shown.result]}`),
    facts({
      Found: `${found}`,
      'Accepted by a baseline': `${accepted}`,
      'Could not be looked into': `${notScanned}`,
      Rules: shown.rules,
      'Asked for by': people.get(shown.requestedBy) ?? shown.requestedBy,
      Ended: moment(shown.endedAt),
      Octets: `${shown.octets}`,
      'SHA-256': digest(shown.sha256),
    }),
    make('h2', 'What was found'),
    ...manyEntries(findings.map(findingEntry), 'Nothing.'),
    findings.length < found + accepted &&
      make('p.hint', `Of ${found + accepted} the gravest ${findings.length} are kept.`),
    findings.length > 0 && make('h2', 'Why it matters, and what to do'),
    findings.length > 0 &&
      entries(
        meanings.map(({ rule, why, todo }) => [rule, null, sentence(why), sentence(todo)]),
        'This server does not know these rules.',
      ),
  ]
}

function findingEntry({ rule, severity, confidence, path, offset, what }) {
  return [
    rule,
    state(severity),
    what,
    make('code', path.join('!/')),
    make('small', `${confidence}${offset === null ? '' : `, at octet ${offset}`}`),
  ]
}
