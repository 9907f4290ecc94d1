// SPDX-License-Identifier: Apache-2.0
import { keyAlgorithms } from '#trust/algorithms.ts'
import { markIn } from '#trust/environment-mark.ts'
import type { ScriptFault } from './read-script.ts'
import { type CeremonyScript, leastConfirmed, stepsOf } from './script.ts'

/** What the parts of a script must be to each other. */
export function checkScript(script: CeremonyScript): readonly ScriptFault[] {
  return rules.flatMap((rule) => rule(script))
}

type Rule = (script: CeremonyScript) => readonly ScriptFault[]

const fault = (path: string, fault: string, remedy: string): ScriptFault => ({
  path,
  fault,
  remedy,
})

const rules: readonly Rule[] = [
  ...[peopleOnce, rolesFilled, shares, names, roots, references, steps],
]

function peopleOnce({ people }: CeremonyScript) {
  const seen = new Set<string>()
  return people.flatMap(({ name }, at) => {
    const key = name.normalize('NFC').toLowerCase()
    if (!seen.has(key)) {
      seen.add(key)
      return []
    }
    return [
      fault(
        `people/${at}/name`,
        `"${name}" stands twice`,
        'give each part to another person: who counts twice watches nobody',
      ),
    ]
  })
}

function rolesFilled({ people, shares, act }: CeremonyScript) {
  const count = (role: string) => people.filter((one) => one.role === role).length
  const faults = (['administrator', 'witness', 'auditor'] as const)
    .filter((role) => count(role) === 0)
    .map((role) => fault('people', `has no ${role}`, `name one: { "role": "${role}", "name": … }`))
  const custodians = count('custodian')
  if (act === 'found' && shares !== undefined && custodians !== shares.of) {
    return [
      ...faults,
      fault(
        'people',
        `has ${custodians} custodians for ${shares.of} shares`,
        'name one custodian for each share',
      ),
    ]
  }
  if (act === 'open' && shares !== undefined && custodians < shares.of) {
    return [
      ...faults,
      fault(
        'people',
        `has ${custodians} custodians for ${shares.of} new shares`,
        'name those who bring a share, and those who take one',
      ),
    ]
  }
  if (custodians < 2) {
    return [
      ...faults,
      fault(
        'people',
        `has ${custodians} custodians`,
        'name as many as open the vault, two at least',
      ),
    ]
  }
  return faults
}

function shares({ act, shares }: CeremonyScript) {
  if (shares === undefined) {
    return act === 'found' ? [fault('shares', 'is missing', 'write { "needed": 2, "of": 3 }')] : []
  }
  if (shares.needed < shares.of) return []
  return [
    fault(
      'shares/needed',
      `is ${shares.needed} of ${shares.of}`,
      'let fewer be needed than there are: a share that is lost must not lose the roots',
    ),
  ]
}

/** What a server of this environment would refuse when the day is over. */
function names({ environment, maker, roots }: CeremonyScript) {
  const texts = [
    ['maker', maker] as const,
    ...roots.map(({ commonName }, at) => [`roots/${at}/commonName`, commonName] as const),
  ]
  return texts.flatMap(([path, text]) => {
    const mark = markIn([text], environment)
    if (mark === undefined) return []
    return [
      fault(path, `says ${mark}`, `no ${environment} server takes such a root: name it otherwise`),
    ]
  })
}

function roots({ act, environment, roots }: CeremonyScript) {
  const faults: ScriptFault[] = []
  if (act === 'found' && roots.length === 0)
    faults.push(fault('roots', 'is empty', 'name at least one root'))
  for (const [at, { name, algorithm, twinOf }] of roots.entries()) {
    const path = `roots/${at}`
    if (roots.findIndex((one) => one.name === name) !== at)
      faults.push(fault(`${path}/name`, `"${name}" stands twice`, 'name each root once'))
    const isAfter = twinOf !== undefined && keyAlgorithms[algorithm].postQuantum
    if (twinOf !== undefined && !isAfter)
      faults.push(
        fault(
          `${path}/algorithm`,
          `is ${algorithm}`,
          'a twin withstands quantum computers: ml-dsa-87',
        ),
      )
    const beside = roots.find((one) => one.name === twinOf)
    if (
      twinOf !== undefined &&
      act === 'found' &&
      (beside === undefined || beside.twinOf !== undefined)
    )
      faults.push(
        fault(`${path}/twinOf`, `is "${twinOf}"`, 'name a root of this script that is no twin'),
      )
    const { until } = roots[at] ?? {}
    if (environment === 'trial' && until !== undefined)
      faults.push(
        fault(`${path}/until`, 'is there', 'a trial ends by itself after 90 days: leave it out'),
      )
  }
  return faults
}

/** In an opening, a root that is not named here may be in the vault. */
function references({ act, roots, issue, lists, links }: CeremonyScript) {
  const named = new Set(roots.map(({ name }) => name))
  const unknown = (path: string, entries: readonly { readonly root: string }[]) =>
    entries.flatMap(({ root }, at) =>
      act === 'open' || named.has(root)
        ? []
        : [fault(`${path}/${at}/root`, `is "${root}"`, 'name a root of this script')],
    )
  const twice = issue.flatMap(({ request }, at) =>
    issue.findIndex((one) => one.request === request) === at
      ? []
      : [
          fault(
            `issue/${at}/request`,
            `"${request}" stands twice`,
            'one root answers each request',
          ),
        ],
  )
  const listedTwice = lists.flatMap(({ root }, at) =>
    lists.findIndex((one) => one.root === root) === at
      ? []
      : [fault(`lists/${at}/root`, `"${root}" stands twice`, 'each root signs one list')],
  )
  // A root without a list would make its certificates point into the void.
  const unlisted =
    act === 'found'
      ? roots
          .filter(({ name }) => lists.every(({ root }) => root !== name))
          .map(({ name }) =>
            fault(
              'lists',
              `has none of "${name}"`,
              `add { "root": "${name}", "goodForDays": 365 }`,
            ),
          )
      : []
  return [
    ...[...unknown('issue', issue), ...unknown('lists', lists), ...unknown('links', links)],
    ...[...twice, ...listedTwice, ...unlisted],
  ]
}

function steps(script: CeremonyScript) {
  const wanted = stepsOf(script)
  const found = script.steps.map(({ step }) => step)
  if (found.join() !== wanted.join()) {
    return [
      fault(
        'steps',
        `are ${found.join(', ') || 'none'}`,
        `for what this script does they are, in this order: ${wanted.join(', ')}`,
      ),
    ]
  }
  return script.steps.flatMap(({ step, confirmedBy }, at) => {
    const missing = leastConfirmed[step].filter((role) => !confirmedBy.includes(role))
    return missing.length === 0
      ? []
      : [
          fault(
            `steps/${at}/confirmedBy`,
            `lacks ${missing.join(', ')}`,
            `${step} is confirmed by ${leastConfirmed[step].join(', ')} at least`,
          ),
        ]
  })
}
