// SPDX-License-Identifier: Apache-2.0
/** One signing key, and what breaks when it ends. */
import { get } from './api.js'
import { command, quoted } from './commands.js'
import { copyable, digest, facts, heading, link, make, moment, say, state } from './elements.js'
import { entries } from './entries.js'
import { filterRow } from './form.js'
import { actorNames, productNames } from './names.js'
import { keyStates } from './signing-keys.js'
import { sentence } from './words.js'

export async function signingKey({ id, who }) {
  const [shown, products, people] = await Promise.all([
    get(`/signing-keys/${id}`),
    productNames(),
    actorNames(),
  ])
  const product = products.names.get(shown.product)
  return [
    link('#/signing-keys', 'All signing keys'),
    heading(`${shown.name} of ${product}`),
    make('p', state(shown.state), `: ${keyStates[shown.state]}`),
    shown.because && make('p.box', sentence(shown.because)),
    facts({
      Signs: shown.forms.join(', '),
      Algorithm: shown.algorithm,
      Environment: shown.environment,
      'Kept in': kept(shown),
      'Can be taken out': { true: 'yes', false: 'no' }[shown.exportable] ?? 'not known',
      'Its certificate ends': shown.notAfter && moment(shown.notAfter),
      Made: [people.get(shown.addedBy) ?? shown.addedBy, ', ', moment(shown.addedAt)],
      Ended: shown.endedAt && moment(shown.endedAt),
      'Key (SHA-256)': digest(shown.fingerprint),
    }),
    make('h2', 'What breaks when it ends'),
    ...whatIf(shown),
    make(
      'details',
      make('summary', 'Its public key'),
      copyable(shown.publicKeyPem.trim(), 'the public key'),
    ),
    who.role === 'administrator' && change(shown, product),
  ]
}

const kept = ({ custody, protection }) =>
  [custody, protection].filter((one) => one !== null && one !== 'unknown').join(', ') || null

/** Asked anew for each day that a person tries; it changes nothing. */
function whatIf({ id }) {
  const place = make('div', { 'aria-live': 'polite' })
  let turn = 0
  const hint = 'Empty: its own end.'
  const day = { name: 'at', label: 'If it ended on', hint, type: 'date', max: '9999-12-31' }
  const read = async ({ at }) => {
    const mine = ++turn
    place.replaceChildren(make('p.hint', 'Counting …'))
    const found = await get(`/signing-keys/${id}/what-if`, { at: at && `${at}T00:00:00Z` })
    if (mine !== turn) return
    say(found.summary)
    place.replaceChildren(...answer(found).filter(Boolean))
  }
  return [filterRow([day], read), place]
}

const endings = {
  retired: 'it signs nothing more',
  'certificate-ended': 'its certificate ends',
  revoked: 'it is revoked',
  removed: 'devices no longer hold it',
}

function answer(found) {
  const { name, inService, holding, dependent, unknown, chain, releases, effects, steps } = found
  const only = found.first.join(', ') + (dependent > found.first.length ? ' …' : '')
  return [
    make(`p.box.${found.breaks ? 'bad' : 'good'}`, sentence(found.summary)),
    facts({
      'Devices in service': `${inService}`,
      [`Believe ${name}`]: `${holding}`,
      'Believe no other key': `${dependent}${only && ` (${only})`}`,
      'Never said': `${unknown}`,
      'By lot': counted(found.lots.map(({ lot, devices }) => [lot || 'none', devices])),
      'By version': counted(found.versions.map((one) => [one.firmwareVersion, one.devices])),
      Certificates: chain.length > 0 ? chain.map(certificate) : null,
    }),
    steps.length > 0 && make('h3', 'What to do before'),
    steps.length > 0 &&
      make(
        'ol.numbered',
        steps.map((step) => make('li', sentence(step))),
      ),
    make('h3', 'What devices do'),
    entries(effects.map(effectEntry)),
    releases.length > 0 && make('h3', 'What it signed and devices get'),
    releases.length > 0 && entries(releases.map(releaseEntry)),
  ]
}

const certificate = ({ subject, notAfter }) => make('div', `${subject}, until `, moment(notAfter))

/** The first of many groups. */
function counted(groups) {
  const told = groups.slice(0, 8).map(([name, devices]) => `${name}: ${devices}`)
  return (
    [...told, groups.length > 8 && `${groups.length - 8} more`].filter(Boolean).join(', ') || null
  )
}

function effectEntry({ form, ending, install, start, devices, releases, because }) {
  const does = [
    start === 'does-not-start' && 'what is installed does not start',
    devices > 0 && `up to ${devices} devices`,
    releases.length > 0 && `releases ${releases.slice(0, 8).join(', ')}`,
  ].filter(Boolean)
  return [
    `${form}, if ${endings[ending]}`,
    state(install === 'taken' && start === 'does-not-start' ? 'stopped' : install),
    does.length > 0 && make('strong', sentence(does.join('; '))),
    sentence(because),
  ]
}

function releaseEntry({ id, firmwareVersion, supportUntil, outlivesCertificate }) {
  return [
    link(`#/release/${id}`, firmwareVersion),
    supportUntil && ['supported until ', moment(supportUntil)],
    outlivesCertificate && make('strong', 'That is after its certificate ends.'),
  ]
}

/** What an administrator does about it, in the order in which it is done. */
function change({ id, state: now }, product) {
  const lines = {
    next: [['Replace the one that signs now by it, step by step', begin(product, 'KEY', id)]],
    current: [
      [
        'Make the one that is to follow it',
        `signing-key make ${quoted(product)} --name NAME --for FORM --next`,
      ],
      ['Then replace it, step by step', begin(product, id, 'KEY')],
    ],
    retiring: [],
  }[now]
  if (lines === undefined) return undefined
  return make(
    'details',
    make('summary', 'Replace or end it'),
    lines.flatMap(([why, words]) => command(why, words)),
    now !== 'next' &&
      command('Or end it, if devices believe another', `signing-key retire ${id} --because "…"`),
    command('Say that it was stolen', `signing-key revoke ${id} --because "…"`),
  )
}

const begin = (product, from, to) =>
  `rotation begin ${quoted(product)} --from ${from} --to ${to} --because "…"`
