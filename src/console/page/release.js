// SPDX-License-Identifier: Apache-2.0
/** One release: what it is and has, what is missing, who agreed, what was signed, and the events that prove it. */
import { get } from './api.js'
import { digest, facts, heading, link, make, moment, state } from './elements.js'
import { entries } from './entries.js'
import { byHand, releaseActs } from './release-acts.js'
import { provedEvents } from './release-events.js'
import { releaseSigning } from './release-signing.js'
import { releaseStates } from './releases.js'
import { sentence } from './words.js'

export async function release({ id, who, again }) {
  const shown = await get(`/releases/${id}`)
  const names = new Map(Object.entries(shown.names))
  const nameOf = (one) => names.get(one) ?? one
  const isOpen = ['draft', 'submitted', 'approved'].includes(shown.state)
  return [
    link('#/releases', 'All releases'),
    heading(`${shown.productName} ${shown.firmwareVersion}`),
    make('p', state(shown.state), `: ${releaseStates[shown.state]}`),
    shown.because && make('p.box', sentence(shown.because)),
    isOpen && verdict(shown),
    emergency(shown),
    who.role !== 'auditor' && releaseActs(shown, again),
    about(shown, nameOf),
    make('h2', isOpen ? 'What it needs to be signed' : 'What it needs, judged now'),
    ...checks(shown),
    ...approvals(shown),
    ...releaseSigning(shown),
    make('h2', 'Artefacts and documents'),
    entries(shown.parts.map((part) => partEntry(part, shown, nameOf))),
    make('h2', 'Scans'),
    entries(shown.scans.map(scanEntry), 'Nothing of it was scanned.'),
    make('h2', 'Signed'),
    entries(
      shown.signed.map((one) => signedEntry(one, shown)),
      'Nothing yet.',
    ),
    ...(who.role === 'auditor' ? [] : await byHand(shown)),
    ...provedEvents(shown, names),
  ]
}

function about(shown, nameOf) {
  return facts({
    'Security version': `${shown.securityVersion}`,
    Kind: shown.kind,
    Channel: shown.channel,
    Environment: shown.environment,
    Revision: `${shown.revision}`,
    'Supported until': shown.supportUntil && moment(shown.supportUntil),
    Begun: [nameOf(shown.createdBy), ', ', moment(shown.createdAt)],
    Submitted: shown.submittedAt && moment(shown.submittedAt),
    Signed: shown.signedAt && moment(shown.signedAt),
    Published: shown.publishedAt && moment(shown.publishedAt),
    Withdrawn: shown.withdrawnAt && moment(shown.withdrawnAt),
    'Had a part': shown.contributors.map(nameOf).join(', ') || null,
    'What is approved (SHA-256)': shown.manifestSha256 && digest(shown.manifestSha256),
  })
}

const verdicts = {
  'not-submitted': 'It is not submitted yet.',
  refused: 'Somebody refused it: it stands until the release is changed and put forward again.',
  'checks-failed': 'Something that the signing policy asks is not met.',
  waiting: 'People have yet to agree.',
  emergency: 'It may be signed on one approval, for a while.',
  approved: 'Nothing is missing.',
}

function verdict({ verdict: found, missing, policy, state: now }) {
  const people = now === 'draft' ? '' : missing.join(', ')
  const by = policy === 0 ? 'the usual rules' : `signing policy ${policy}`
  return make(
    `p.box.${found === 'approved' ? 'good' : 'warn'}`,
    `${verdicts[found]} `,
    people && make('strong', `${sentence(`still missing: ${people}`)} `),
    make('small', `Judged now, by ${by}.`),
  )
}

function emergency({ emergency: one }) {
  if (one === null) return undefined
  return make(
    'div.box.warn',
    make(
      'p',
      make('strong', `Emergency, ${one.state}: `),
      sentence(`${one.incident}, ${one.because}`),
    ),
    make('p', 'Signed on one approval until ', moment(one.until)),
    make('p', 'To be reviewed by ', moment(one.reviewBy)),
  )
}

/** What is not met comes first; what nobody asks stands apart, and only where it is not met. */
function checks({ checks: all }) {
  const asked = all.filter((one) => one.asked)
  const unasked = all.filter((one) => !one.asked && !one.passed)
  const [missing, met] = [asked.filter((one) => !one.passed), asked.filter((one) => one.passed)]
  return [
    entries([...missing, ...met].map(checkEntry)),
    unasked.length > 0 &&
      make(
        'details',
        make('summary', `Not met, and not asked by its signing policy: ${unasked.length}`),
        entries(unasked.map(checkEntry)),
      ),
  ]
}

function checkEntry({ title, asked, passed, detail, remedy }) {
  return [
    sentence(title).slice(0, -1),
    asked && state(passed ? 'met' : 'missing'),
    detail,
    asked && !passed && make('strong', sentence(remedy)),
  ]
}

/** Whoever signed for or against it, as it was signed: by whom, when, and what it means. */
function approvals({ approvals: all, manifestSha256 }) {
  const items = all.map((one) => {
    const isOfThis = one.manifestSha256 === manifestSha256
    const word = one.voidedAt !== null ? 'void' : isOfThis ? 'counts' : 'outdated'
    const acts = { approve: 'approved it', refuse: 'refused it', review: 'reviewed it' }
    return [
      `${one.name} (${one.role})`,
      state(word),
      [`“${one.meaning}”: ${acts[one.act]}, `, moment(one.statedAt)],
      one.voidedAt !== null && [`${sentence(one.voidedBecause ?? 'void')} `, moment(one.voidedAt)],
      word === 'outdated' && 'Of another revision.',
    ]
  })
  return [make('h2', 'Who agreed'), entries(items, 'Nobody yet.')]
}

const fileOf = (release, name) =>
  make(
    'a',
    { href: `/api/v1/releases/${release}/files/${encodeURIComponent(name)}`, download: name },
    name,
  )

function partEntry(part, { id }, nameOf) {
  const { role, name, octets, sha256, facts: read } = part
  const told = Object.entries(read)
    .filter(([, value]) => value !== null && typeof value !== 'object')
    .map(([fact, value]) => `${fact} ${value}`)
  // The report of a test is elsewhere, and so are octets that stay where they were built.
  const isHere = role !== 'test' && read.stays !== true
  return [
    isHere ? fileOf(id, name) : name,
    role,
    digest(sha256),
    make('small', [role !== 'test' && `${octets} octets`, ...told].filter(Boolean).join(' · ')),
    make('small', `added by ${nameOf(part.addedBy)}, `, moment(part.addedAt)),
  ]
}

function scanEntry(scan) {
  return [
    link(`#/scan/${scan.id}`, scan.artefact),
    state(scan.result),
    `${scan.found} found, ${scan.notScanned} not scanned, ${scan.madeHere ? 'here' : 'elsewhere'}`,
    make('small', `rules ${scan.rules}, `, moment(scan.endedAt)),
  ]
}

function signedEntry(one, { id, parts }) {
  const part = parts.find((each) => each.id === one.part)
  const { keyNames = [], algorithms = [], exceptions = [] } = one.facts
  const keys = one.keys.flatMap((key, at) => [
    at > 0 && ', ',
    link(`#/signing-key/${key}`, keyNames[at] ?? key),
    algorithms[at] && ` (${algorithms[at]})`,
  ])
  return [
    [fileOf(id, one.name), ` of ${part?.name ?? one.part}`],
    one.form,
    make('span', 'by ', ...keys.filter(Boolean)),
    timeStamp(one),
    exceptions.length > 0 && make('strong', `By exception: ${exceptions.join('; ')}`),
    digest(one.sha256),
    make('small', `${one.octets} octets, `, moment(one.signedAt)),
  ]
}

/** Who else says when it was signed; "release time-stamp" gives the token for a check without us. */
function timeStamp({ timeStamp: stamp }) {
  if (stamp === null) return undefined
  const by = stamp.authority ?? 'an authority that the token does not name'
  return make('small', 'time-stamped ', moment(stamp.at), ` by ${by}, serial ${stamp.serialNumber}`)
}
