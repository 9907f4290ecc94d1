// SPDX-License-Identifier: Apache-2.0
/** How far one signing key has followed another, by what devices report. */
import { get } from './api.js'
import { command } from './commands.js'
import { digest, facts, heading, link, make, moment, state } from './elements.js'
import { entries } from './entries.js'
import { actorNames, productNames } from './names.js'
import { sentence } from './words.js'

export async function rotation({ id, who }) {
  const [shown, products, people] = await Promise.all([
    get(`/rotations/${id}`),
    productNames(),
    actorNames(),
  ])
  return [
    link('#/signing-keys', 'All signing keys'),
    heading(`${shown.from} → ${shown.to}`),
    make('p', state(shown.state), `: ${sentence(shown.because)}`),
    shown.next && make('p.box', `Next: ${sentence(shown.next)}`),
    ...shown.warnings.map((warning) => make('p.box.warn', sentence(warning))),
    facts({
      Product: products.names.get(shown.product),
      From: link(`#/signing-key/${shown.fromKey}`, shown.from),
      To: link(`#/signing-key/${shown.toKey}`, shown.to),
      Forms: shown.forms.join(', '),
      Environment: shown.environment,
      'Brought to devices by': shown.carrier && link(`#/release/${shown.carrier}`, 'this release'),
      Begun: [people.get(shown.begunBy) ?? shown.begunBy, ', ', moment(shown.begunAt)],
      Ended: shown.endedAt && moment(shown.endedAt),
    }),
    make('h2', 'Devices that believe the new key'),
    ...adoption(shown),
    make('h2', 'Steps'),
    entries(
      shown.steps.map((step) => [
        step.name.replaceAll('-', ' '),
        state(step.state),
        sentence(step.detail),
      ]),
    ),
    ...(who.role === 'administrator' && shown.state === 'open'
      ? command('Do what is due', `rotation advance ${id} --because "…"`)
      : []),
    make(
      'details',
      make('summary', 'What devices report once they believe it'),
      shown.anchors.map((anchor) => make('p', digest(anchor))),
    ),
  ]
}

function adoption({ adoption: found, thresholdPercent, silentDays, mostSilentPercent }) {
  const { inService, heard, adopted, silent } = found
  const percent = (part, whole) => (whole === 0 ? 0 : Math.floor((100 * part) / whole))
  const told = `${adopted} of ${heard} that were heard of, ${percent(adopted, heard)} %`
  return [
    make('progress', { max: heard || 1, value: adopted, 'aria-label': told }),
    facts({
      Believe: `${told}; ${thresholdPercent} % are asked`,
      Lag: named(heard - adopted, found.firstLagging),
      Silent: `${named(silent, found.firstSilent)}, ${percent(silent, inService)} % of ${inService} in service; at most ${mostSilentPercent} % may be`,
      'Silent means': `no word for ${silentDays} days`,
    }),
  ]
}

/** How many, and the first of them. */
const named = (count, first) =>
  count === 0 ? '0' : `${count} (${first.join(', ')}${count > first.length ? ' …' : ''})`
