// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { resolve } from 'node:path'
import {
  type Acceptance,
  applyBaseline,
  mostDays,
  readBaseline,
  writeBaseline,
} from '#core/scan/baseline.ts'
import { documentOf } from '#core/scan/document.ts'
import { type Gate, makeReport, passes, type ScanReport, severities } from '#core/scan/report.ts'
import { sarifOf } from '#core/scan/sarif.ts'
import type { Budgets } from '#core/scan/walk/budgets.ts'
import { budgetArguments } from '../commands/scan.ts'
import { readTextFile, writeFile } from '../files.ts'
import type { RawScan } from '../means-scan.ts'
import { jsonText } from '../show/json.ts'
import { reportLines } from '../show/scan-report.ts'
import { exit, wrongUse } from '../stop.ts'
import { askInventory, recordScan } from './scan-inventory.ts'
import { type Call, isJson, tableOptions, type Verb, writeLines } from './verb.ts'

/** Scans here, with no server; one is asked only if it was named. */
export const scanImages: Verb = async (call) => {
  const { said, means, terminal } = call
  const paths = pathsOf(call)
  const gate = gateOf(call)
  const today = todayOf(means)
  const old = baselineOf(said.text('baseline'), today)
  const writes = writingOf(call)
  const startedAt = means.now()
  const work = await means.scanning()
  const progress = terminal.progress('scanning …')
  let raw: RawScan
  try {
    raw = await work.scan(
      {
        ...{ paths, budgets: budgetsOf(call), now: startedAt, data: said.text('data') },
        asksInventory: namesServer(call),
      },
      (done) => progress.update(progressText(done)),
    )
  } finally {
    progress.end()
  }
  for (const { file, because } of raw.listFaults) terminal.hint(`${file} was not asked: ${because}`)
  const findings = namesServer(call) ? await askInventory(call, raw) : raw.findings
  const { notScanned, files, octets } = raw
  const report = makeReport(
    { paths, startedAt, endedAt: means.now(), files, octets, notScanned },
    applyBaseline(findings, old, startedAt),
  )
  const passed = passes(report, gate)
  // Told first: a scan may have taken an hour, and a file that cannot be written shall not cost it.
  if (isJson(call)) await terminal.write(jsonText(documentOf(report, passed)))
  else await writeLines(call, reportLines(report, passed, tableOptions(call)))
  await writeFiles(call, report, work.version, old, writes)
  if (said.has('record')) await recordScan(call, report, await work.digest(paths))
  return passed ? exit.done : exit.refused
}

function progressText({ files, octetsIn }: { readonly files: number; readonly octetsIn: number }) {
  return `${files.toLocaleString('en')} files, ${Math.round(octetsIn / 1e6).toLocaleString('en')} MB`
}

/** As the ends of acceptances are counted. */
function todayOf(means: Call['means']): Temporal.PlainDate {
  return means.now().toZonedDateTimeISO('UTC').toPlainDate()
}

/** A path that is not there is a slip, and no clean image. @throws Stop */
function pathsOf({ said }: Call): readonly string[] {
  const value = said.value('path')
  const paths = Array.isArray(value) ? value.map(String) : []
  const missing = paths.find((path) => !existsSync(path))
  if (missing !== undefined) throw wrongUse(`${missing} is not there`, 'look at PATH')
  return paths
}

function gateOf({ said }: Call): Gate {
  const asked = said.text('failOn') ?? 'warning'
  const failOn = severities.find((severity) => severity === asked) ?? 'never'
  return { failOn, allowUnscanned: said.has('allowUnscanned') }
}

function budgetsOf({ said }: Call): Partial<Budgets> {
  const given = budgetArguments.flatMap(({ name, argument }) => {
    const value = said.value(argument.name)
    return typeof value === 'number' ? [[name, value] as const] : []
  })
  return Object.fromEntries(given)
}

function namesServer({ said }: Call): boolean {
  const isNamed = said.text('data') !== undefined || said.text('remoteServer') !== undefined
  return isNamed || said.has('record')
}

/** @throws Stop */
function baselineOf(path: string | undefined, today: Temporal.PlainDate): readonly Acceptance[] {
  if (path === undefined) return []
  const read = readBaseline(readTextFile(path, '--baseline'), today)
  if (read.kind === 'baseline') return read.entries
  throw wrongUse(
    `${path}: ${read.where} ${read.fault}`,
    'docs/guides/scan-firmware.md shows a baseline',
  )
}

interface Writing extends Pick<Acceptance, 'because' | 'by' | 'until'> {
  readonly path: string
}

/** @throws Stop */
function writingOf({ said, means }: Call): Writing | undefined {
  const path = said.text('writeBaseline')
  const because = said.text('because')
  if (path === undefined) {
    const needless = ['because', 'by', 'until'].find((name) => said.text(name) !== undefined)
    if (needless !== undefined)
      throw wrongUse(`--${needless} says nothing without --write-baseline`)
    return undefined
  }
  if (because === undefined || because.trim().length < 3)
    throw wrongUse('--write-baseline needs a reason', 'say why with --because TEXT')
  const baseline = said.text('baseline')
  if (existsSync(path) && (baseline === undefined || resolve(baseline) !== resolve(path)))
    throw wrongUse(
      `${path} is there already, and what it accepts would be lost`,
      'name it as --baseline, too: then its acceptances stay',
    )
  const today = todayOf(means)
  const asked = said.text('until')
  const until = asked === undefined ? today.add({ days: 90 }) : dateOf(asked)
  const last = today.add({ days: mostDays })
  if (Temporal.PlainDate.compare(until, today) < 0 || Temporal.PlainDate.compare(until, last) > 0)
    throw wrongUse(`--until is ${until}; it lies between today and ${last}`)
  return { path, because, until, by: said.text('by') ?? userInfo().username }
}

function dateOf(text: string): Temporal.PlainDate {
  try {
    return Temporal.PlainDate.from(text, { overflow: 'reject' })
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw wrongUse(`--until ${text} is no date`, 'write it as 2027-03-31')
  }
}

async function writeFiles(
  { said, terminal, means }: Call,
  report: ScanReport,
  version: string,
  old: readonly Acceptance[],
  writes: Writing | undefined,
): Promise<void> {
  const sarif = said.text('sarif')
  if (sarif !== undefined)
    await writeFile(sarif, [`${JSON.stringify(sarifOf(report, version), null, 1)}\n`], '--sarif')
  if (writes === undefined) return
  const { path, ...says } = writes
  const today = todayOf(means)
  const text = writeBaseline(report.findings, old, says, today)
  await writeFile(path, [text], '--write-baseline')
  terminal.note(`${path} accepts ${report.findings.length} findings until ${says.until}`)
}
