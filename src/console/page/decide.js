// SPDX-License-Identifier: Apache-2.0
/** Requests that wait for a person; loaded only when one does. */
import { get, post } from './api.js'
import { button, facts, heading, link, make, moment, say } from './elements.js'
import { form } from './form.js'
import { sentence } from './words.js'

/** A quiet section for the first page. */
export function waitingSection({ items, next }) {
  const many = `${items.length}${next ? ' and more' : ''}`
  return make(
    'section',
    { 'aria-labelledby': 'waiting' },
    make('h2', { id: 'waiting' }, `Waiting for a decision: ${many}`),
    make(
      'ul',
      items.map(({ id, deviceSerial, askedAt }) =>
        make('li', link(`#/request/${id}`, deviceSerial), ' since ', moment(askedAt)),
      ),
    ),
  )
}

/** One request, what it would lead to, and the two answers. */
export async function request({ id, who, go }) {
  const shown = await get(`/requests/${id}`)
  const { foreseen } = shown
  return [
    heading(`Request of ${shown.deviceSerial}`),
    facts({
      Device: link(`#/device/${shown.device}`, shown.deviceSerial),
      'Came by': `${shown.operation}, proved by ${shown.proof}`,
      From: shown.sourceAddress,
      Since: moment(shown.askedAt),
      'Expires unless decided': shown.state === 'waiting' ? moment(shown.expiresAt) : null,
      'Digest of the request': shown.requestSha256,
      Decision: shown.decidedBy && `${shown.state} by ${shown.decidedBy}`,
      Words: shown.reason,
    }),
    ...(foreseen === null ? [] : expected(foreseen)),
    ...(shown.state === 'waiting' && who.role !== 'auditor' ? answers(shown, go) : []),
  ]
}

function expected(foreseen) {
  if (foreseen.kind === 'refused')
    return [make('p.box.warn', `It would be refused: ${sentence(foreseen.detail)}`)]
  return [
    make('h2', 'What would be issued'),
    facts({
      Subject: foreseen.subject,
      'Further names': foreseen.alternativeNames.join(', ') || null,
      Key: `${foreseen.keyAlgorithm}, ${foreseen.keyFingerprint}`,
      From: moment(foreseen.notBefore),
      Until: moment(foreseen.notAfter),
      'By profile': foreseen.profile,
      Authority: foreseen.authority,
      'Lint finds': foreseen.findings.map(({ detail }) => sentence(detail)).join(' ') || 'nothing',
    }),
  ]
}

function answers({ id, version, requestSha256, deviceSerial, foreseen }, go) {
  const done = (word) => {
    say(`${word}: ${deviceSerial}`)
    go('#/')
  }
  const approve = button('Approve', async () => {
    await post(`/requests/${id}/approve`, { sha256: requestSha256 }, version)
    done('Approved')
  })
  const why = { name: 'reason', label: 'Why not', maxlength: 500 }
  return [
    foreseen.kind === 'certificate' && approve,
    make('h2', 'Or turn it down'),
    form(
      [{ ...why, hint: 'The device hears these words, and the log keeps them.' }],
      'Turn it down',
      async (values) => {
        await post(`/requests/${id}/refuse`, values, version)
        done('Turned down')
      },
    ),
  ]
}
