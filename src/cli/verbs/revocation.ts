// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises'
import { jsonText } from '../show/json.ts'
import { valueText } from '../show/value.ts'
import { exit } from '../stop.ts'
import type { Answer, Server } from '../talk/server.ts'
import { bar } from '../terminal/progress.ts'
import { begin, type Call, isJson, type Verb, writeLines } from './verb.ts'

/** How often it is asked how far an act is. */
const lookMilliseconds = 500

type Asked = Answer<'revocation.end'>
type Shown = Answer<'revocation.show'>
type Found = Answer<'revocation.preview'>

/** Ends, suspends or gives back trust, and shows how far it is until it is in force. */
export const askAct: Verb = async (call) => {
  const { server, name, input } = await begin(call)
  const asked = name as 'revocation.end'
  const answer: Asked = await call.terminal.waiting('looking …', server.ask(asked, input))
  const { revocation, already } = answer
  if (revocation === null) return writeAsked(call, answer)
  const now = await followed(revocation, call, server)
  return writeAsked(call, { revocation: now, already })
}

/** Agrees to an act, as a person who proves to be here. */
export const approveAct: Verb = async (call) => {
  const { server, input } = await begin(call)
  const passphrase =
    input['name'] === undefined
      ? undefined
      : await call.terminal.secret(`the passphrase of ${input['name']}`)
  const asked = { ...input, ...(passphrase !== undefined && { passphrase }) }
  const answer = await call.terminal.waiting(
    'comparing the set …',
    server.ask('revocation.approve', asked),
  )
  return writeAsked(call, { revocation: await followed(answer, call, server), already: 0 })
}

/** The proof: when and how trust ended. */
export const showAct: Verb = async (call) => {
  const { server, input } = await begin(call)
  const answer = await server.ask('revocation.show', input)
  if (isJson(call)) await call.terminal.write(jsonText(answer))
  else await writeLines(call, proofLines(answer))
  return exit.done
}

/** What would stop working. */
export const previewAct: Verb = async (call) => {
  const { server, input } = await begin(call)
  const answer = await call.terminal.waiting('counting …', server.ask('revocation.preview', input))
  if (isJson(call)) await call.terminal.write(jsonText(answer))
  else await writeLines(call, previewLines(answer))
  return exit.done
}

type Act = NonNullable<Asked['revocation']>

async function followed(act: Act, { terminal }: Call, server: Server): Promise<Act> {
  let now = act
  const progress = terminal.progress('in force for none yet')
  try {
    while (now.state === 'running') {
      const { done, certificates } = now
      progress.update(
        `${bar(done / Math.max(1, certificates))}  in force for ${done} of ${certificates}`,
      )
      await sleep(lookMilliseconds)
      now = await server.ask('revocation.show', { revocation: now.id })
    }
    return now
  } finally {
    progress.end()
  }
}

async function writeAsked(call: Call, { revocation, already }: Asked) {
  const { terminal } = call
  if (isJson(call)) await terminal.write(jsonText({ revocation, already }))
  else if (revocation === null)
    await terminal.line(`nothing changed: ${counted(already, 'certificate')} had ended before`)
  else await writeLines(call, askedLines(revocation, already))
  if (revocation?.state === 'waiting') {
    terminal.hint(
      `${missingWords(revocation)}: vitalsign revocation approve ${revocation.id} --set ${revocation.set} --name NAME`,
    )
  }
  return exit.done
}

function askedLines(act: Act, already: number): readonly string[] {
  const { id, state, done, certificates, owners } = act
  const about = `${counted(certificates, 'certificate')} of ${counted(owners, 'owner')}`
  const more = already > 0 ? `; ${counted(already, 'certificate')} had ended before` : ''
  return state === 'waiting'
    ? [`${id} waits: it means ${about}${more}`]
    : [`${id} is ${state}: ${doneWords[act.act]} for ${counted(done, 'certificate')}${more}`]
}

const doneWords = {
  end: 'trust ended',
  hold: 'trust is suspended',
  quarantine: 'trust is suspended',
  release: 'trust is given back',
} as const

function missingWords({ approvalsMissing }: Act): string {
  return approvalsMissing === 1
    ? 'another person has to agree'
    : `${approvalsMissing} people who sign in have to agree`
}

function proofLines(act: Shown): readonly string[] {
  const { id, state, reason, because, certificates, owners, done, set, events } = act
  const chosen = Object.entries(act.chosen).map(([name, value]) => `${name} ${value}`)
  return [
    `${act.act} of ${chosen.join(', ')}`,
    `  ${valueText(because)} (${reason})`,
    '',
    ...rows([
      ['act', id],
      ['state', state === 'waiting' ? `waiting: ${missingWords(act)}` : state],
      ['means', `${counted(certificates, 'certificate')} of ${counted(owners, 'owner')}`],
      ['in force for', counted(done, 'certificate')],
      ['set', set],
    ]),
    '',
    ...rows([
      ['requested', `${valueText(act.requestedAt)}  by ${act.requestedBy}`],
      ...act.approvals.map(({ by, at }) => ['approved', `${valueText(at)}  by ${by}`] as const),
      ['decided', whenBy(act.decidedAt, act.decidedBy)],
      ['effective', valueText(act.effectiveAt)],
      ['published', valueText(act.publishedAt)],
      ...(act.releasedAt === null
        ? []
        : ([['released', whenBy(act.releasedAt, act.releasedBy)]] as const)),
    ]),
    '',
    ...enforcementLines(act),
    '',
    'in the log:',
    ...events.map(({ index, at, type }) => `  ${index}  ${valueText(at)}  ${type}`),
  ]
}

function enforcementLines({ enforcements }: Shown): readonly string[] {
  if (enforcements.length === 0) return ['no integration had anything to do']
  return [
    'sessions:',
    ...enforcements.map(({ integration, act, state, confirmedAt, owners, ...more }) => {
      const what = act === 'end' ? 'end' : 'may begin again'
      const ended = act === 'end' ? `, ${counted(more.sessionsEnded, 'session')} ended` : ''
      const how =
        state === 'confirmed'
          ? `confirmed ${valueText(confirmedAt)} for ${counted(owners, 'owner')}${ended}`
          : `${state} after ${counted(more.tries, 'try', 'tries')}: ${valueText(more.lastError)}`
      return `  ${integration} (${what}): ${how}`
    }),
  ]
}

function previewLines(found: Found): readonly string[] {
  const { certificates, owners, devices, lookedAt, seenLately, withoutIdentity, first } = found
  const of = lookedAt < devices ? ` of the first ${lookedAt} looked at` : ''
  const verb = {
    end: 'would end for good',
    hold: 'would be suspended',
    release: 'would be given back',
  }
  return [
    `${counted(certificates, 'certificate')} of ${counted(owners, 'owner')} ${verb[found.act as 'end']}`,
    ...(found.already > 0 ? [`  ${counted(found.already, 'certificate')} ended before`] : []),
    `  ${countsText(found.kinds)}`,
    '',
    `${counted(devices, 'device')}${names(first, devices)}`,
    ...(devices > 0
      ? [
          `  ${countsText(found.states)}${of}`,
          `  ${seenLately} seen in the last ${found.latelyDays} days${of}`,
          `  ${withoutIdentity} would have no working identity left${of}`,
        ]
      : []),
    '',
    ...found.lists.map(
      ({ authority, lists }) => `${counted(lists, 'list')} of ${authority} would be made anew`,
    ),
    ...Object.entries(found.unseen).map(
      ([profile, count]) =>
        `${counted(count, 'certificate')} of profile ${profile}: outsiders will not see it, for they are told that nothing is revoked there`,
    ),
    found.integrations.length === 0
      ? 'no integration would end sessions'
      : `sessions would end at: ${found.integrations.join(', ')}`,
    '',
    aloneText(found),
    `set ${found.set}`,
  ]
}

function aloneText({ aloneUpTo, needsSecond }: Found): string {
  if (aloneUpTo === null) return 'one person suffices'
  return needsSecond
    ? `a second person has to agree: it is more than ${aloneUpTo}`
    : `one person suffices: it is ${aloneUpTo} at most`
}

function countsText(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ')
}

function names(first: readonly string[], devices: number): string {
  if (first.length === 0) return ''
  return `: ${first.map(valueText).join(', ')}${devices > first.length ? ' …' : ''}`
}

function whenBy(at: string | null, by: string | null): string {
  return at === null ? '-' : `${valueText(at)}  by ${by ?? '-'}`
}

function rows(pairs: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(...pairs.map(([name]) => name.length))
  return pairs.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`)
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}
