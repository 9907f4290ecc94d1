// SPDX-License-Identifier: Apache-2.0
/** Scans of images, and what each of them found; no answer ever holds a secret itself. */
import { get } from './api.js'
import { command } from './commands.js'
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

export async function scan({ id, who }) {
  const [shown, people] = await Promise.all([get(`/scans/${id}`), actorNames()])
  const { found, accepted, notScanned, meanings } = shown
  const answered = shown.findings.filter(({ acceptance }) => acceptance)
  const findings = shown.findings.filter(({ acceptance }) => !acceptance)
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
    fewer(findings.length, found),
    ...(accepted > 0 ? acceptedSection(answered, accepted) : []),
    found > 0 && who.role !== 'auditor' && answerFor(),
    shown.findings.length > 0 && make('h2', 'Why it matters, and what to do'),
    shown.findings.length > 0 &&
      entries(
        meanings.map(({ rule, why, todo }) => [rule, null, sentence(why), sentence(todo)]),
        'This server does not know these rules.',
      ),
  ]
}

/** Of very many findings the gravest are kept. */
const fewer = (kept, of) => kept < of && make('p.hint', `Of ${of} the gravest ${kept} are kept.`)

/** What somebody answers for: it stops nothing, and whoever approves an image has to know it. */
function acceptedSection(answered, accepted) {
  return [
    make('h2', 'What a baseline accepts'),
    ...manyEntries(
      answered.map((one) => {
        const { because, by, until } = one.acceptance
        return [...findingEntry(one), `${sentence(because)} Until ${until}, by ${by}`]
      }),
      'Which ones they are was not recorded.',
    ),
    answered.length > 0 && fewer(answered.length, accepted),
  ].filter(Boolean)
}

function answerFor() {
  return make(
    'details',
    make('summary', 'Answer for what is to stay'),
    make(
      'p',
      'Where it was scanned, with a reason and an end; then scan it again, and have that noted.',
    ),
    command(
      'Write down who answers',
      'scan IMAGE --write-baseline scan-baseline.json --because "…" --until DATE',
    ),
    command('Scan it again', 'scan IMAGE --baseline scan-baseline.json --record'),
  )
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
