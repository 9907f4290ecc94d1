// SPDX-License-Identifier: Apache-2.0
import { keywatchLine } from '#format/admin/operations/keywatch.ts'
import { jsonText } from '../show/json.ts'
import { valueText } from '../show/value.ts'
import { broken, exit, Stop } from '../stop.ts'
import { linesOf } from '../talk/lines.ts'
import type { Answer } from '../talk/server.ts'
import { bar } from '../terminal/progress.ts'
import { begin, isJson, type Verb, writeLines } from './verb.ts'

type Found = Answer<'finding.show'>
type Watch = Answer<'keywatch.show'>

/** Who shares the cause of a finding, what they have in common, and what people can do. */
export const showFinding: Verb = async (call) => {
  const { server, input } = await begin(call)
  const found = await server.ask('finding.show', input)
  if (isJson(call)) await call.terminal.write(jsonText(found))
  else await writeLines(call, findingLines(found))
  return exit.done
}

/** How far the watch is; also after it was paused or resumed. */
export const showWatch: Verb = async (call) => {
  const { server, name, input } = await begin(call)
  const watch: Watch = await server.ask(name as 'keywatch.show', input)
  if (isJson(call)) await call.terminal.write(jsonText(watch))
  else await writeLines(call, watchLines(watch))
  return exit.done
}

const parts = {
  keys: 'keys, each by itself',
  primes: 'RSA keys, held against one another',
  nonces: 'keys, by what they signed',
  deep: 'keys, by what takes longer',
} as const

/** Has the keys tested now, and shows how far that is. */
export const runWatch: Verb = async (call) => {
  const { terminal } = call
  const { server, name, input } = await begin(call)
  const progress = terminal.progress('looking for what is new …')
  try {
    for await (const text of linesOf(await server.stream(name, input))) {
      const line = keywatchLine.parse(JSON.parse(text))
      if (line.kind === 'refused') throw new Stop(exit.refused, line.detail, { code: line.reason })
      if (line.kind === 'step') {
        const { part, done, of } = line
        const far = of === 0 ? `${done}` : `${done} of ${of}`
        progress.update(`${bar(of === 0 ? 1 : done / of)}  ${far} ${parts[part]}`)
        continue
      }
      progress.end()
      const { kind: _, ...run } = line
      if (isJson(call)) await terminal.write(jsonText(run))
      else {
        await terminal.line(
          `${run.end}: ${run.keys} keys tested, ${run.moduli} RSA keys compared, what ${run.nonces} keys signed searched, ${run.found} findings that are new`,
        )
        if (run.found > 0) terminal.hint('vitalsign finding list --state proposed')
      }
      return run.end === 'done' ? exit.done : exit.refused
    }
  } finally {
    progress.end()
  }
  throw broken('the server ended without a result', "the server's log says why")
}

function findingLines(found: Found): readonly string[] {
  const { id, kind, severity, means, source, detail, group } = found
  return [
    `${kind} (${severity}): ${means}`,
    '',
    ...rows([
      ['finding', id],
      ['state', stateText(found)],
      ['key', `${found.key}: ${valueText(detail)}`],
      ['device', `${valueText(found.deviceSerial)} of ${valueText(found.productName)}`],
      ['lot', valueText(found.lot)],
      ['registrar', valueText(found.registrarName ?? found.registrar)],
      ['firmware', valueText(found.firmware)],
      ['certified', certifiedText(found)],
      ['cause', found.cause],
      ['source', source],
    ]),
    '',
    `same cause: ${valueText(group.summary)}`,
    ...group.findings.map(
      (one) =>
        `  ${valueText(one.deviceSerial ?? one.owner)}  lot ${valueText(one.lot)}  ${one.state}  ${one.id}`,
    ),
    ...(group.keys > group.findings.length
      ? [
          `  … and ${group.keys - group.findings.length} more: vitalsign finding list --cause ${found.cause}`,
        ]
      : []),
    '',
    ...proposalLines(found),
  ]
}

function stateText({ state, decidedAt, decidedBy, because, revocation }: Found): string {
  if (state === 'proposed') return 'proposed: nobody has decided yet'
  const by = decidedBy === null ? '' : ` by ${decidedBy}`
  const act = revocation === null ? '' : `, act ${revocation}`
  const why = because === null ? '' : `: ${valueText(because)}`
  return `${state} ${valueText(decidedAt)}${by}${act}${why}`
}

function certifiedText({ facts }: Found): string {
  const { certifiedAt, protocol, proof, sourceAddress } = facts
  if (certifiedAt === undefined) return '-'
  const from = sourceAddress ? ` from ${valueText(sourceAddress)}` : ''
  const how = protocol ? `, ${valueText(protocol)} by ${valueText(proof)}` : ''
  return `${valueText(certifiedAt)}${how}${from}`
}

function proposalLines({ id, proposal, state }: Found): readonly string[] {
  if (proposal === null || proposal.steps.length === 0)
    return state === 'proposed' ? ['nothing is believed of these keys that could be ended'] : []
  const { certificates, owners, needsSecond, steps } = proposal
  return [
    `proposed, and done by nobody but you:${certificates === 0 ? '' : ` end trust in ${certificates} certificates of ${owners} owners`}`,
    ...(needsSecond ? ['  a second person has to agree'] : []),
    ...steps.flatMap(({ why, command }, index) => [`  ${index + 1}. ${why}`, `     ${command}`]),
    `  or accept it, and say why: vitalsign finding dismiss ${id} --because "…"`,
  ]
}

function watchLines(watch: Watch): readonly string[] {
  const { state, keys, round, lastRound, deep, nonces, compared, search, open } = watch
  const found = Object.entries(open).map(([kind, count]) => `${count} ${kind}`)
  return rows([
    ['state', state === 'paused' ? pausedText(watch) : stateOfRun(watch)],
    ['keys known', String(keys)],
    ['this round', round === null ? '-' : roundText(round)],
    [
      'last whole round',
      lastRound === null
        ? 'none yet'
        : `${valueText(lastRound.at)}, ${lastRound.keys} keys, ${testsText(lastRound.tests)}`,
    ],
    ['signatures', nonces === null ? '-' : roundText(nonces)],
    ['deep tests', deep === null ? '-' : roundText(deep)],
    [
      'RSA keys compared',
      compared === null
        ? '-'
        : `${compared.moduli} with one another, ${valueText(compared.at)}, on ${compared.node}`,
    ],
    [
      'kept for that here',
      `${search.moduli} RSA keys, ${search.waiting} wait, ${(search.octetsOnDisk / 1e6).toFixed(1)} megabytes`,
    ],
    ...search.damaged.map((what) => ['damaged, made anew', valueText(what)] as const),
    ['last run', valueText(watch.lastRunAt)],
    ['next run', valueText(watch.nextRunAt)],
    ['undecided findings', found.length === 0 ? 'none' : found.join(', ')],
  ])
}

function pausedText({ pausedAt, pausedBy, pausedBecause }: Watch): string {
  return `paused since ${valueText(pausedAt)} by ${valueText(pausedBy)}: ${valueText(pausedBecause)}`
}

function stateOfRun({ state, runsOn }: Watch): string {
  return state === 'running' ? `running on ${runsOn}` : 'waiting for its time'
}

function roundText({ keys, tests, startedAt, completedAt }: NonNullable<Watch['round']>): string {
  const since = `since ${valueText(startedAt)}, ${testsText(tests)}`
  return completedAt === null ? `${keys} tested so far ${since}` : `all, ${keys} tested ${since}`
}

/** The version of the program, and of the lists that it asked: a digest by which two runs are compared, which people do by its beginning. */
function testsText(tests: string): string {
  return tests.replace(/ ([0-9a-f]{12})[0-9a-f]{52}$/, ' with lists $1…')
}

function rows(pairs: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(...pairs.map(([name]) => name.length))
  return pairs.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`)
}
