// SPDX-License-Identifier: Apache-2.0
/**
 * Whether what the page of a release says stands in the events that it proves: a page may be right in its log, and
 * have been changed in its words. What its events do not say (scans, checks, the judgement of now) is not looked at.
 */
import type { Answer } from '../talk/server.ts'

type Story = Answer<'release.show'>
type Event = Story['events'][number]

export interface Step {
  readonly step: string
  readonly good: boolean
  readonly found: string
}

/** @param story each of whose events was proved */
export function pageSteps(story: Story): readonly Step[] {
  const events = story.events.toSorted((one, other) => (one.index ?? 0) - (other.index ?? 0))
  const foreign = events.find(({ subjects }) => !subjects.includes(story.id))
  if (foreign !== undefined)
    return [step('page', false, `event ${foreign.index} is not of this release`)]
  return [
    step('page', events.length > 0, events.length > 0 ? story.id : 'it proves no event at all'),
    stateStep(story, events),
    manifestStep(story, events),
    ...partSteps(story, events),
    ...approvalSteps(story, events),
    ...signedSteps(story, events),
  ]
}

function step(name: string, good: boolean, found: string): Step {
  return { step: name, good, found }
}

/** What a page says and its log does not; what just happened is in the log a second later. */
function logged(name: string, good: boolean, found: string): Step {
  return step(name, good, good ? found : `the events of the page do not say so: ${found}`)
}

const stateAfter: Readonly<Partial<Record<string, Story['state']>>> = {
  'release-created': 'draft',
  'release-changed': 'draft',
  'release-submitted': 'submitted',
  'release-approved': 'approved',
  'release-signed': 'signed',
  'release-published': 'published',
  'release-withdrawn': 'withdrawn',
}

function stateStep({ state }: Story, events: readonly Event[]): Step {
  const said = stateAfter[events.findLast(({ type }) => type in stateAfter)?.type ?? '']
  // A refusal or an ended key leads back without an event of the release itself.
  const isBack = said === 'approved' && state === 'submitted'
  return logged('state', said === state || isBack, state)
}

function manifestStep({ manifestSha256 }: Story, events: readonly Event[]): Step {
  const name = 'digest of the manifest'
  if (manifestSha256 === null) return step(name, true, 'it is not submitted')
  const last = events.findLast(({ type }) =>
    ['release-submitted', 'release-changed'].includes(type),
  )
  return logged(name, last?.facts['manifestSha256'] === manifestSha256, manifestSha256)
}

function partSteps({ parts }: Story, events: readonly Event[]): readonly Step[] {
  const there = new Map<string, Event['facts']>()
  for (const { type, facts } of events) {
    if (type !== 'release-changed') continue
    if (facts['act'] === 'attach') there.set(String(facts['part']), facts)
    if (facts['act'] === 'detach') there.delete(String(facts['part']))
  }
  const shown = new Set(parts.map(({ id }) => id))
  const hidden = [...there].filter(([id]) => !shown.has(id))
  return [
    ...parts.map(({ id, role, name, sha256 }) =>
      logged(role, says(there.get(id), { role, name, sha256 }), `${name} ${sha256}`),
    ),
    ...hidden.map(([, { role, name }]) => step(`${role}`, false, `${name} is not on the page`)),
  ]
}

const eventOfAct = {
  approve: 'release-approval-given',
  refuse: 'release-approval-refused',
  review: 'release-approval-reviewed',
} as const satisfies Record<Story['approvals'][number]['act'], string>
const actEvents: readonly string[] = Object.values(eventOfAct)

function approvalSteps({ approvals }: Story, events: readonly Event[]): readonly Step[] {
  const shown = new Set(approvals.map(({ id }) => id as string))
  const hidden = events.filter(
    ({ type, subjects }) => actEvents.includes(type) && !subjects.some((id) => shown.has(id)),
  )
  return [
    ...approvals.map(({ id, act, name, role, meaning, manifestSha256, voidedAt }) => {
      const about = events.filter(({ subjects }) => subjects.includes(id))
      const given = about.find(({ type }) => type === eventOfAct[act])
      const isEnded = about.some(({ type }) => type === 'release-approval-voided')
      const good = says(given?.facts, { name, role, meaning, manifestSha256 })
      return logged(act, good && !(isEnded && voidedAt === null), `${name} as ${role}`)
    }),
    ...hidden.map(({ index, type }) => step(type, false, `event ${index} is not on the page`)),
  ]
}

function signedSteps({ signed }: Story, events: readonly Event[]): readonly Step[] {
  return signed.map(({ id, name, form, sourceSha256, sha256, facts }) => {
    const made = events.find(
      ({ type, subjects }) =>
        (type === 'artefact-signed' || type === 'digest-signed') && subjects[0] === id,
    )
    const said =
      made?.type === 'digest-signed'
        ? { name, digest: sourceSha256, sha256, by: namesIn(facts), ...digestWords(facts) }
        : { name, form, sourceSha256, sha256, by: namesIn(facts) }
    return logged('signed', says(made?.facts, said), `${name} ${sha256}`)
  })
}

/** Of a digest: in which form, of which artefact, and what it was that the key signed. */
function digestWords(facts: Story['signed'][number]['facts']): Readonly<Record<string, string>> {
  const said = ['asForm', 'of', 'signedDigest'].map((word) => [word, facts[word]] as const)
  return Object.fromEntries(
    said.filter((one): one is [string, string] => typeof one[1] === 'string'),
  )
}

function namesIn({ keyNames }: Story['signed'][number]['facts']): string {
  return Array.isArray(keyNames) ? keyNames.join(', ') : ''
}

function says(facts: Event['facts'] | undefined, said: Readonly<Record<string, string>>): boolean {
  return facts !== undefined && Object.entries(said).every(([name, value]) => facts[name] === value)
}
