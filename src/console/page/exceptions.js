// SPDX-License-Identifier: Apache-2.0
/** Rules that somebody relaxed: which, for what, who, why, until when. */
import { get } from './api.js'
import { heading, link, make, moment } from './elements.js'
import { listOf } from './list.js'
import { pageLink } from './pages.js'
import { sentence } from './words.js'

/** Rules that steps on the way of firmware relax, the most telling first; any other is found under "all". */
const rules = [
  ...['release-approved-by-one', 'signing-policy-lowered', 'key-too-weak', 'signer-chain-shared'],
  ...['key-depended-on', 'rotation-step-skipped', 'authority-in-use', 'revocation-limit-raised'],
  ...['key-made-by-server', 'device-already-enrolled', 'tls-1.3-only'],
]

export async function exceptions() {
  const meanings = new Map()
  return [
    link('#/releases', 'Releases'),
    heading('Exceptions'),
    make(
      'p',
      'Rules that somebody relaxed, with the reason. They stand for ever; an auditor begins here.',
    ),
    ...listOf({
      path: '/exceptions',
      filters: [{ name: 'rule', label: 'Rule', choices: [['', 'all'], ...rules.map(same)] }],
      columns: ['For what', 'Why', 'When'],
      row: (one) => [
        [
          pageLink(one.subject, one.subjectName ?? one.subject),
          make('small', make('code', one.rule)),
          meaning(one.rule, meanings),
        ],
        [
          sentence(one.reason || 'no reason was given'),
          make('div', make('small', `by ${one.grantedBy}`)),
        ],
        [moment(one.createdAt), one.until && make('small', ' until ', moment(one.until))],
      ],
    }),
  ]
}

const same = (word) => [word, word]

/** What the rule asks, and what was let: it comes when it is here, once for all rows of one rule. */
function meaning(rule, known) {
  const place = make('small')
  if (!known.has(rule))
    known.set(
      rule,
      get(`/words/${rule}`).catch(() => undefined),
    )
  known.get(rule).then((word) => {
    if (word) place.textContent = sentence(word.means)
  })
  return place
}
