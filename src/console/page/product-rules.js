// SPDX-License-Identifier: Apache-2.0
/** The rules of one product: its signing policy, its signing plan, and who may hand in its builds. */
import { get } from './api.js'
import { command, quoted } from './commands.js'
import { copyable, heading, link, make, moment, state, table } from './elements.js'
import { entries } from './entries.js'
import { actorNames } from './names.js'
import { planLines } from './plan-lines.js'
import { sentence } from './words.js'

export async function productRules(id, who) {
  const [product, policy, plan, keys, people] = await Promise.all([
    get(`/products/${id}`),
    get(`/products/${id}/signing-policy`),
    get(`/signing-plans/${id}`),
    get('/signing-keys', { product: id, limit: 1000 }),
    actorNames(),
  ])
  const word = quoted(product.name)
  const mayChange = who.role === 'administrator'
  return [
    link('#/signing-rules', 'All signing rules'),
    heading(`${product.name}: signing rules`),
    make('h2', 'What a release needs'),
    ...needs(policy, people),
    mayChange &&
      details('Change what a release needs', [
        ['Write it down', `signing-policy show ${word} --output policy.json`],
        [
          'Edit the file, and set it',
          `signing-policy set ${word} policy.json --because "…"`,
          'What is stricter holds at once. What asks less waits for a second person, and stands as an exception.',
        ],
      ]),
    make('h2', 'How it is signed'),
    ...signed(plan, keys.items, people),
    mayChange &&
      details('Change how it is signed', [
        [
          'Write the plan into a file, and apply it',
          `signing-plan apply ${word} plan.json`,
          'It is approved with each release: one that was approved under another plan is not signed until it is submitted and approved anew.',
        ],
      ]),
    running(id),
    make('h2', 'Who builds it'),
    ...(await builders(id)),
  ]
}

function details(summary, acts) {
  return make(
    'details',
    make('summary', summary),
    acts.flatMap(([why, words, hint]) => [
      ...command(why, words),
      ...(hint ? [make('p.hint', hint)] : []),
    ]),
  )
}

const environments = ['production', 'test', 'trial']
const checkWords = {
  scan: ({ atMostDays, here, rules }) =>
    `a clean scan of every artefact, at most ${atMostDays} days old${here ? ', made here' : ', made here or noted from elsewhere'}${rules ? `, by rules ${rules}` : ''}`,
  sbom: (degree) =>
    ({
      attached: 'a list of components (SBOM) that names each artefact',
      complete: 'a list of components (SBOM) with maker, version and digest of each',
      supported: 'a list of components (SBOM) that says until when each is supported',
    })[degree],
  vex: (degree) =>
    degree === 'settled'
      ? 'a statement about known vulnerabilities (VEX) that leaves none open'
      : 'a statement about known vulnerabilities (VEX)',
  provenance: ({ builders }) =>
    `a builder's own statement of where each artefact was built${builders ? `, by ${builders.join(' or ')}` : ''}`,
  tests: () => 'a test that is referred to, and none that failed',
  securityVersionRises: () => 'of a security release: a higher security version than before',
  supportUntil: () => 'until when devices that run it are supported',
  originKnown: () => 'that whoever made it signed in, or was a machine or a build of its own',
}

/** Each environment, and each kind of release for which another demand stands in its place. */
function needs({ number, document, policy }, people) {
  const demands = environments.flatMap((environment) => {
    const { kinds = {}, ...usual } = document[environment]
    const others = Object.entries(kinds).map(([kind, demand]) => [
      `${environment}, ${kind} releases`,
      demand,
    ])
    return [[environment, usual], ...others]
  })
  const since =
    policy === null
      ? ['These are the usual rules: nobody said otherwise.']
      : [
          `Number ${number}, by ${people.get(policy.changedBy) ?? policy.changedBy}, `,
          moment(policy.changedAt),
          `: ${sentence(policy.because)}`,
        ]
  return [
    make('p', since),
    entries(
      demands.map(([name, demand]) => [
        name,
        peopleOf(demand),
        checksOf(demand),
        emergencyOf(demand),
      ]),
    ),
  ]
}

function peopleOf({ approvals: { people, roles = [] } }) {
  const named = roles.map((one) => `${one.people} of role ${one.role}`)
  const all = people === 1 ? 'one person' : `${people} people`
  return make('span', [all, named.length > 0 && `(${named.join(', ')})`].filter(Boolean).join(' '))
}

const checksOf = ({ checks }) =>
  make(
    'ul',
    Object.entries(checks)
      // A check that is switched off is not asked.
      .filter(([, asked]) => asked !== false)
      .map(([name, asked]) => make('li', checkWords[name]?.(asked) ?? name)),
  )

function emergencyOf({ emergency }) {
  if (emergency === undefined) return undefined
  const { longestHours, reviewHours } = emergency
  return make(
    'small',
    `In an emergency one person suffices for ${longestHours} hours at most; others review it within ${reviewHours} hours.`,
  )
}

function signed({ number, lines, changedBy, changedAt }, keys, people) {
  if (number === 0)
    return [
      make(
        'p.hint',
        'No plan is written down: whoever signs says in which form and by which keys.',
      ),
    ]
  return [
    make('p', `Plan ${number}, by ${people.get(changedBy) ?? changedBy}, `, moment(changedAt)),
    planLines(lines, keys),
  ]
}

/** As devices say it over connections of their own; counted once somebody wants to know. */
function running(id) {
  const place = make('div', { 'aria-live': 'polite' })
  const opened = async () => {
    if (place.hasChildNodes()) return
    place.append(make('p.hint', 'Counting …'))
    place.replaceChildren(...counted(await get(`/products/${id}/installed`)))
  }
  return make('details', { toggle: opened }, make('summary', 'What its devices run'), place)
}

function counted({ inService, reported, versions, anchors }) {
  const told = make('p', `${reported} of ${inService} devices in service said what they run.`)
  if (reported === 0) return [told]
  const byVersion = versions.map(({ firmwareVersion, securityVersion, devices }) => [
    firmwareVersion,
    `${securityVersion}`,
    `${devices}`,
  ])
  const byKey = anchors.map(({ anchor, name, devices }) => [
    name ?? make('code', `${anchor.slice(0, 16)} …`),
    `${devices}`,
  ])
  return [
    told,
    table(['Version', 'Security version', 'Devices'], byVersion),
    table(['Key that they believe', 'Devices'], byKey),
  ]
}

/** Services whose jobs may hand in releases, and those whose statements of origin count. */
async function builders(id) {
  const [keys, trusts] = await Promise.all([
    get('/builder-keys', { product: id, limit: 100 }),
    get('/build-trusts', { limit: 1000 }),
  ])
  const jobs = trusts.items.filter(({ products }) => products.includes(id))
  return [
    entries(
      [
        ...jobs.map((one) => [
          one.name,
          state(one.state),
          `jobs of ${one.subject}, let in for ${one.minutes} minutes by ${one.issuer}`,
        ]),
        ...keys.items.map((one) => [
          one.name,
          state(one.endedAt === null ? 'active' : 'ended'),
          one.builders.length > 0
            ? `says where builds come from, as ${one.builders.join(', ')}`
            : 'says where builds come from, as any builder',
          one.because && sentence(one.because),
        ]),
      ],
      'No build service is believed: people hand in releases.',
    ),
    (keys.next ?? trusts.next) !== null &&
      copyable(`bin/vitalsign builder-key list --product ${id}`, 'the command that lists all'),
  ]
}
