// SPDX-License-Identifier: Apache-2.0
/** One finding about a key: what it means, who shares its cause, and what people may do. */
import { get, post } from './api.js'
import {
  button,
  copyable,
  digest,
  facts,
  heading,
  link,
  make,
  moment,
  state,
  table,
} from './elements.js'
import { askReason } from './form.js'
import { findingStates } from './key-watch.js'
import { pager } from './list.js'
import { actorNames } from './names.js'
import { sentence } from './words.js'

export async function finding({ id, who, again }) {
  const [shown, names] = await Promise.all([get(`/findings/${id}`), actorNames()])
  return [
    link('#/key-watch', 'All findings'),
    heading(`${shown.kind}: ${shown.deviceSerial ?? shown.owner}`),
    make('p', state(shown.severity), ' ', state(shown.state), `: ${findingStates[shown.state]}`),
    make('p.box', sentence(shown.means)),
    decided(shown, names),
    facts({
      'What shows it': sentence(shown.detail || shown.kind),
      Device: shown.deviceSerial && link(`#/device/${shown.owner}`, shown.deviceSerial),
      Product: shown.productName,
      Lot: shown.lot,
      Station: shown.registrarName ?? shown.registrar,
      Firmware: shown.firmware,
      Certified: certified(shown),
      Found: moment(shown.foundAt),
      Source: shown.source || null,
      Cause: digest(shown.cause),
    }),
    ...(await sharers(shown)),
    ...proposal(shown, who),
    who.role !== 'auditor' && shown.state === 'proposed' && dismiss(shown, again),
  ]
}

function decided({ decidedAt, decidedBy, because, revocation }, names) {
  if (decidedAt === null) return undefined
  return make(
    'p.box',
    `Decided by ${names.get(decidedBy) ?? decidedBy ?? 'the house'}, `,
    moment(decidedAt),
    because && `: ${sentence(because)}`,
    revocation && ` Act ${revocation}.`,
  )
}

function certified({ facts: { certifiedAt, protocol, proof, sourceAddress } }) {
  if (!certifiedAt) return null
  const how = [protocol, proof && `by ${proof}`, sourceAddress && `from ${sourceAddress}`]
  return [moment(certifiedAt), ` ${how.filter(Boolean).join(' ')}`]
}

/** What keys may have in common. */
const commons = {
  lot: 'lot',
  registrar: 'registrar',
  firmware: 'firmware',
  hardwareRevision: 'hardware revision',
  source: 'source of chance',
  sourceAddress: 'address',
  protection: 'what keeps the key',
  productName: 'product',
}

const pairsIn = (told) =>
  Object.entries(told)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name} ${value}`)
    .join(' · ')

/** All whose keys have the same cause, and what they have in common besides. */
async function sharers({ kind, cause, group }) {
  const asked = { cause, kind, limit: 50 }
  const { items, next } = await get('/findings', asked)
  const row = (one) => {
    const { deviceSerial, owner, lot, firmware } = one
    const station = one.registrarName ?? one.registrar
    const told = { lot, station, firmware }
    return [
      [
        deviceSerial === null ? owner : link(`#/device/${owner}`, deviceSerial),
        make('small', pairsIn(told)),
      ],
      link(`#/finding/${one.id}`, one.state),
    ]
  }
  const lines = table(['Whose', 'Finding'], items.map(row))
  const known = group.traits.filter(({ value }) => value !== 'unknown')
  const traits = known.map(({ what, value, keys, inFleet }) => [
    [commons[what] ?? what, make('small', value)],
    `${keys}`,
    inFleet === null ? '' : `${inFleet}`,
  ])
  return [
    make('h2', 'Who shares it'),
    group.summary && make('p', sentence(group.summary)),
    traits.length > 0 && table(['In common', 'Of these keys', 'In the fleet'], traits),
    lines,
    pager('/findings', asked, next, (others) =>
      lines.tBodies[0].append(...table([], others.map(row)).tBodies[0].rows),
    ),
  ]
}

/** What is proposed, as commands: their reach is counted, and no page ends trust in a lot at a click. */
function proposal({ proposal: found, state: now }, who) {
  if (now !== 'proposed') return []
  const title = make('h2', 'What is proposed')
  if (found === null || found.steps.length === 0)
    return [title, make('p.hint', 'Nothing is believed of these keys that could be ended.')]
  const { certificates, owners, withoutIdentity, needsSecond, steps } = found
  return [
    title,
    make(
      'p',
      certificates > 0 && `To end trust in ${certificates} certificates of ${owners} owners. `,
      withoutIdentity > 0 && `${withoutIdentity} of them have no other identity. `,
      needsSecond && make('strong', 'A second person has to agree. '),
      'It is done by nobody but people:',
    ),
    make(
      'ol.numbered',
      steps.map(({ why, command }) =>
        make(
          'li',
          make('p', sentence(why)),
          who.role !== 'auditor' && copyable(`bin/${command}`, `the command: ${why}`),
        ),
      ),
    ),
  ]
}

function dismiss({ id, version, kind, deviceSerial, owner }, again) {
  const words = 'Accept it'
  const text =
    'Its key may be certified again, and nobody is told of it anew. Meant for keys that are weak on purpose, as on a test bench: whoever knows a weak key is the device.'
  return make(
    'p.actions',
    button(words, () =>
      askReason(
        `${kind} of ${deviceSerial ?? owner}: accept it?`,
        text,
        words,
        async (because) => {
          await post(`/findings/${id}/dismiss`, { because }, version)
          again()
        },
        'because',
      ),
    ),
  )
}
