// SPDX-License-Identifier: Apache-2.0
/** Requests that wait for a person; loaded only when one does. */
import { get, post } from './api.js'
import { button, digest, facts, heading, link, make, moment, say, state } from './elements.js'
import { askReason } from './form.js'
import { proofs, sentence } from './words.js'

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
  const [registrar, person] = await Promise.all([
    nameOf('/registrars', shown.registrar),
    nameOf('/people', shown.decidedBy),
  ])
  return [
    link('#/', 'All devices'),
    heading(`Request of ${shown.deviceSerial}`),
    facts({
      State: state(shown.state),
      Device: link(`#/device/${shown.device}`, shown.deviceSerial),
      'Proved by': proofs[shown.proof] ?? shown.proof,
      Registrar: registrar,
      'Came from': shown.sourceAddress,
      'Waits since': moment(shown.askedAt),
      'Waits until': shown.state === 'waiting' ? moment(shown.expiresAt) : null,
      'Decided by': person && [person, ', ', moment(shown.decidedAt)],
      Words: shown.reason,
      'Request (SHA-256)': digest(shown.requestSha256),
    }),
    ...(foreseen === null ? [] : expected(foreseen)),
    shown.state === 'waiting' && who.role !== 'auditor' && answers(shown, go),
  ]
}

/** What the people here call a record; its id if it has gone. */
async function nameOf(path, id) {
  if (id === null) return null
  const { items } = await get(path, { limit: 1000 })
  return items.find((one) => one.id === id)?.name ?? id
}

function expected(foreseen) {
  if (foreseen.kind === 'refused')
    return [make('p.box.warn', `It would be refused: ${sentence(foreseen.detail)}`)]
  return [
    make('h2', 'What would be issued'),
    facts({
      Subject: foreseen.subject,
      'Further names': foreseen.alternativeNames.join(', ') || null,
      Key: foreseen.keyAlgorithm,
      'Key (SHA-256)': digest(foreseen.keyFingerprint),
      Good: [moment(foreseen.notBefore), ' to ', moment(foreseen.notAfter)],
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
  const approve = make(
    'button.main',
    {
      type: 'button',
      click: async () => {
        await post(`/requests/${id}/approve`, { sha256: requestSha256 }, version)
        done('Approved')
      },
    },
    'Approve',
  )
  const words = 'Turn it down'
  const text =
    'This request for ever; with a new key the device may ask again. It hears your words.'
  const refuse = button(words, () =>
    askReason(`${deviceSerial}: turn it down?`, text, words, async (reason) => {
      await post(`/requests/${id}/refuse`, { reason }, version)
      done('Turned down')
    }),
  )
  return make('p.actions', foreseen.kind === 'certificate' && approve, refuse)
}
