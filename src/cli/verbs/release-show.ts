// SPDX-License-Identifier: Apache-2.0
import { jsonText } from '../show/json.ts'
import { pairLines } from '../show/record.ts'
import { signingLines, signingTitle } from '../show/signing-lines.ts'
import { printable, valueText } from '../show/value.ts'
import { exit } from '../stop.ts'
import type { Answer } from '../talk/server.ts'
import type { Paint } from '../terminal/paint.ts'
import { provedIn } from './release-proofs.ts'
import { begin, isJson, tableOptions, type Verb, writeLines } from './verb.ts'

type Story = Answer<'release.show'>
type Stamp = Story['signed'][number]['timeStamp']
type Line = readonly [string, string]

/** The page of a release: what it is, what it has, who said yes, what was signed, and the proofs of the log. */
export const showRelease: Verb = async (call) => {
  const { server, input } = await begin(call)
  const story = await server.ask('release.show', input)
  if (isJson(call)) await call.terminal.write(jsonText(story))
  else await writeLines(call, storyLines(story, tableOptions(call).paint))
  return exit.done
}

function storyLines(story: Story, paint: Paint): readonly string[] {
  const sections: readonly (readonly [string, readonly Line[]])[] = [
    ['parts', story.parts.map((part) => [part.role, partText(part)])],
    [story.signing === null ? 'signing' : signingTitle(story.signing), signingPairs(story)],
    ['scans', story.scans.map((scan) => [scan.artefact, scanText(scan)])],
    ['checks', checkLinesOf(story)],
    ['still missing', missingLines(story)],
    ['approvals', story.approvals.map((one) => approvalLine(one, story))],
    ['signed', story.signed.map((one) => signedLine(one, story))],
    ['log', story.events.toReversed().map((event) => [`${event.index}`, eventText(event, story)])],
  ]
  return [
    paint('bold', printable(`${story.productName} ${story.firmwareVersion}: ${story.state}`)),
    ...(story.because === null ? [] : [printable(`  ${story.because}`)]),
    '',
    ...pairLines(headOf(story), { paint, indent: '' }),
    ...sections.flatMap(([title, lines]) => [
      '',
      paint('bold', title),
      ...(lines.length === 0 ? ['  none'] : pairLines(lines, { paint, indent: '  ' })),
    ]),
    ...proofLines(story),
  ]
}

/** What people approve beside the octets: forms, choices and keys. */
function signingPairs({ signing }: Story): readonly Line[] {
  if (signing === null) return [['plan', 'it cannot be carried out as it is; the checks say why']]
  return signingLines(signing).map((line, index): Line => [`${index + 1}`, printable(line)])
}

/** What the signing policy asks; what it does not ask is shown where it is not met. */
function checkLinesOf({ checks }: Story): readonly Line[] {
  return checks.flatMap(({ check, asked, passed, detail, remedy }): Line[] => {
    if (!asked) return passed ? [] : [[check, printable(`not asked: ${detail}`)]]
    return [[check, printable(passed ? `good: ${detail}` : `not met: ${detail}; ${remedy}`)]]
  })
}

/** Who has to agree yet, while it waits for that, and whether one person did for the time being. */
function missingLines({ state, missing, emergency }: Story): readonly Line[] {
  const lines: Line[] =
    state === 'submitted' || state === 'approved'
      ? missing.map((what): Line => ['people', printable(what)])
      : []
  if (emergency === null) return lines
  const { incident, because, until, reviewBy } = emergency
  const what = `${emergency.state}: ${incident}, ${because}; signed on one approval until ${valueText(until)}, to be reviewed by ${valueText(reviewBy)}`
  return [...lines, ['emergency', printable(what)]]
}

function headOf(story: Story): readonly Line[] {
  return [
    ['release', `${story.id}, revision ${story.revision}`],
    ['security version', String(story.securityVersion)],
    ['kind', story.kind],
    ['channel', printable(`${story.channel}, ${story.environment}`)],
    ['supported until', valueText(story.supportUntil)],
    [
      'manifest',
      story.manifestSha256 === null ? 'not submitted' : `SHA-256 ${story.manifestSha256}`,
    ],
    ['made by', printable(`${named(story.createdBy, story)}, ${valueText(story.createdAt)}`)],
    ['had a part', printable(story.contributors.map((id) => named(id, story)).join(', '))],
  ]
}

/** As people know them, and by the id that the log has: a name is the word of the server. */
function named(id: string, { names }: Story): string {
  const name = Object.hasOwn(names, id) ? names[id] : undefined
  return name === undefined ? id : `${name} (${id})`
}

function partText({ role, name, octets, sha256, facts }: Story['parts'][number]): string {
  const told = Object.entries(facts)
    .filter(([, value]) => typeof value !== 'object')
    .map(([fact, value]) => `${fact} ${value}`)
  // The report of a test is elsewhere: only its digest is known.
  const size = role === 'test' ? '' : `  ${octets} octets`
  return printable([`${name}${size}  ${sha256}`, ...told].join('  '))
}

function scanText(scan: Story['scans'][number]): string {
  const { id, result, found, notScanned, rules, madeHere } = scan
  const where = madeHere ? 'here' : 'elsewhere'
  return printable(
    `${result}: ${found} found, ${notScanned} not scanned, ${where}, rules ${rules}  ${id}`,
  )
}

function approvalLine(one: Story['approvals'][number], story: Story): Line {
  const { name, act, role, meaning, statedAt, voidedAt, voidedBecause, manifestSha256 } = one
  const isOfThis = manifestSha256 === story.manifestSha256
  const state =
    voidedAt !== null
      ? `void since ${valueText(voidedAt)}: ${voidedBecause ?? ''}`
      : isOfThis
        ? 'in force'
        : 'of another revision'
  return [name, printable(`${act} as ${role}: ${meaning}, ${valueText(statedAt)}: ${state}`)]
}

function signedLine(one: Story['signed'][number], { parts }: Story): Line {
  const part = parts.find(({ id }) => id === one.part)
  const stamped = one.timeStamp === null ? '' : stampText(one.timeStamp)
  const { keyNames, algorithms, exceptions } = one.facts
  const excepted = Array.isArray(exceptions) ? `, by exception (${exceptions.join('; ')})` : ''
  const by = signersOf(one.keys, textsOf(keyNames), textsOf(algorithms))
  return [
    one.form,
    printable(
      `${one.name} of ${part?.name ?? one.part}  ${one.octets} octets  ${one.sha256}  by ${by}${stamped}${excepted}`,
    ),
  ]
}

function stampText({ at, serialNumber, authority }: NonNullable<Stamp>): string {
  const by = authority ?? 'an authority that the token does not name'
  return `, time-stamped ${valueText(at)} by ${by}, serial ${serialNumber}`
}

/** As people call the keys; by their ids where that was not noted. */
function signersOf(
  keys: readonly string[],
  names: readonly string[],
  algorithms: readonly string[],
): string {
  const named = keys.map((key, at) => {
    const algorithm = algorithms[at]
    return `${names[at] ?? key}${algorithm === undefined ? '' : ` (${algorithm})`}`
  })
  return named.join(', ')
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : []
}

/** What a line of the log is about, of what the event says in words. */
function aboutOf({ facts }: Story['events'][number]): string {
  const told = ['act', 'role', 'form', 'name'].flatMap((fact) => {
    const value = facts[fact]
    return typeof value === 'string' ? [value] : []
  })
  return told.length === 0 ? '' : `  ${told.join(' ')}`
}

function eventText(event: Story['events'][number], story: Story): string {
  const { actor, at, type } = event
  const proof = provedIn(event, story.log) ? 'proved' : 'not proved!'
  return printable(
    `${proof}  ${valueText(at)}  ${type}  ${actor.kind} ${named(actor.id, story)}${aboutOf(event)}`,
  )
}

function proofLines({ log, events }: Story): readonly string[] {
  if (events.length === 0) return ['', 'no event is in the signed log yet; it takes a second']
  return [
    '',
    `each event was proved here to be in the log of ${log.size} events with root ${log.rootSha256}`,
    'with --json the page holds all that is needed to check it elsewhere: vitalsign release check FILE',
  ]
}
