// SPDX-License-Identifier: Apache-2.0
/** Releases by product and channel, the newest first. */
import { heading, link, make, moment, state } from './elements.js'
import { listOf } from './list.js'
import { choiceOf, productNames } from './names.js'

/** Each state of a release, and what may happen in it. */
export const releaseStates = {
  draft: 'it can still be changed',
  submitted: 'people are to approve it',
  approved: 'it may be signed',
  signed: 'it may be given to devices',
  published: 'devices get it',
  withdrawn: 'ended for good; devices that have it run it',
}

export async function releases() {
  const { names, filter } = await productNames()
  return [
    heading('Releases'),
    make(
      'p',
      'A build on its way to devices: what was shown about it, who agreed, what was signed. ',
      link('#/signing-rules', 'What releases need'),
      ', ',
      link('#/approvers', 'who may approve'),
      ', ',
      link('#/exceptions', 'which rules were relaxed'),
      '.',
    ),
    ...listOf({
      path: '/releases',
      filters: [
        filter,
        { name: 'channel', label: 'Channel', maxlength: 64 },
        choiceOf('state', 'State', Object.keys(releaseStates)),
      ],
      columns: ['Release', 'State', 'Security version'],
      row: (one) => [
        [
          link(`#/release/${one.id}`, one.firmwareVersion),
          make('small', [names.get(one.product), one.channel, one.environment].join(' · ')),
        ],
        [state(one.state), make('div', make('small', ...lastStep(one)))],
        `${one.securityVersion}`,
      ],
    }),
  ]
}

/** Which step led to its state, and when. When the last approval came, or a change, stands on its own page. */
function lastStep({ state: now, createdAt, submittedAt, signedAt, publishedAt, withdrawnAt }) {
  const times = { signed: signedAt, published: publishedAt, withdrawn: withdrawnAt }
  if (times[now]) return ['since ', moment(times[now])]
  return now === 'draft' ? ['begun ', moment(createdAt)] : ['submitted ', moment(submittedAt)]
}
