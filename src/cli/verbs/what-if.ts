// SPDX-License-Identifier: Apache-2.0
import { jsonText } from '../show/json.ts'
import { effectLines } from '../show/key-effect.ts'
import { exit } from '../stop.ts'
import type { Answer } from '../talk/server.ts'
import { begin, type Call, isJson, type Verb, writeLines } from './verb.ts'

/** What would break, in plain words; ends with 1 if anything would. */
export const whatIf: Verb = async (call) => {
  const { server, input } = await begin(call)
  const asked = server.ask('authority.what-if', input)
  const answer = await call.terminal.waiting('counting …', asked)
  if (isJson(call)) await call.terminal.write(jsonText(answer))
  else await writeLines(call, linesOf(call, answer))
  return answer.breaks ? exit.refused : exit.done
}

type Found = Answer<'authority.what-if'>

/** Lots of a product, and releases of a key, that are shown; `--json` has more. */
const mostLots = 8

function linesOf({ terminal }: Call, found: Found): readonly string[] {
  const { authority, breaks, summary, ending } = found
  const also = ending.filter((name) => name !== authority.name)
  const would = also.length === 0 ? '' : `, and with it ${also.join(', ')}`
  const head = breaks
    ? terminal.paint('red', `if ${authority.name} ended now${would}, this would break: ${summary}`)
    : terminal.paint('green', `if ${authority.name} ended now${would}, nothing would break`)
  return [
    head,
    ...(found.isFollowed ? [] : ['no other issuing authority is active: it cannot be ended yet']),
    ...section('devices', found.products.flatMap(productLines)),
    ...section(
      'doors that would be shut',
      found.entrances.map(({ label, product }) => `${label}, of product ${product}`),
    ),
    ...section('profiles that nobody would sign for', found.profiles),
    ...section(
      'certificates under it besides',
      found.holders.map(({ kind, name, notAfter }) => `${kind} ${name}, until ${day(notAfter)}`),
    ),
    ...section(
      'signing keys that devices believe through it',
      found.signingKeys.flatMap(signerLines),
    ),
    ...section(
      'revocation lists that nobody could sign any more',
      found.lists.map(({ authority: name, goodUntil }) =>
        goodUntil === null ? `${name}, which has none` : `${name}, good until ${day(goodUntil)}`,
      ),
    ),
    ...section('what a device would see', found.devicesSee),
    ...section(
      breaks ? 'what to do before' : 'before you end it',
      found.steps.map((step, index) => `${index + 1}. ${step}`),
    ),
  ]
}

function productLines(product: Found['products'][number]): readonly string[] {
  const { name, devices, unplaced, lots, first, withoutAnchor, births, expected } = product
  const shown = lots.slice(0, mostLots).map(({ lot, devices: of }) => `${lot}: ${of}`)
  const more = lots.length > mostLots ? [`and ${lots.length - mostLots} lots more`] : []
  return [
    `${name}: ${counted(devices, 'hangs', 'hang')} under it${namesOf(first, devices)}`,
    ...(shown.length > 0 ? [`  by lot: ${[...shown, ...more].join(', ')}`] : []),
    ...(unplaced > 0 ? [`  ${unplaced} of them at most, which have not shown themselves yet`] : []),
    ...(withoutAnchor > 0 ? [`  ${counted(withoutAnchor, 'holds', 'hold')} no other root`] : []),
    ...(births > 0
      ? [`  ${counted(births, 'birth identity is', 'birth identities are')} under it`]
      : []),
    ...(expected > 0 ? [`  ${counted(expected, 'is', 'are')} expected and not yet here`] : []),
  ]
}

function signerLines(one: Found['signingKeys'][number]): readonly string[] {
  const { key, name, productName, state, forms, certificateUntil, releases } = one
  const { holding, dependent, unknown, first, effects } = one
  const until = certificateUntil === null ? '' : `, its certificates until ${day(certificateUntil)}`
  return [
    `${name} of product ${productName}, ${state}, signs ${forms.join(', ')}${until}: ${key}`,
    `  ${counted(holding, 'device reports', 'devices report')} that they believe it, ${dependent} of them no other key${namesOf(first, dependent)}`,
    ...(unknown > 0 ? [`  ${unknown} never said whom they believe`] : []),
    ...(releases.length > 0 ? [`  published releases: ${shortened(releases)}`] : []),
    ...effects.flatMap(effectLines).map((line) => `  ${line}`),
  ]
}

function shortened(words: readonly string[]): string {
  const more = words.length > mostLots ? [`and ${words.length - mostLots} more`] : []
  return [...words.slice(0, mostLots), ...more].join(', ')
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`
}

/** All of few, or the first of many. */
function namesOf(first: readonly string[], devices: number): string {
  if (first.length === 0) return ''
  return `: ${first.join(', ')}${devices > first.length ? ' …' : ''}`
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', `${title}:`, ...lines.map((line) => `  ${line}`)]
}

function day(instant: string): string {
  return instant.slice(0, 10)
}
