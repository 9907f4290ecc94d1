// SPDX-License-Identifier: Apache-2.0
/** A file by which people answer for findings: each with a reason, a name and an end. */
import { type RuleName, rules } from '#trust/secrets/rules.ts'
import type { Finding } from './finding.ts'
import type { AcceptedFinding } from './report.ts'
import { showPath } from './show-path.ts'

export interface Acceptance {
  readonly rule: RuleName
  readonly identity: string
  /** A pattern of paths: `*` is anything but a slash, `**` anything; null: wherever it lies. */
  readonly path: string | null
  readonly because: string
  readonly by: string
  /** The last day on which it counts, in UTC. */
  readonly until: Temporal.PlainDate
}

export interface BaselineOutcome {
  readonly findings: readonly Finding[]
  readonly accepted: readonly AcceptedFinding[]
  readonly expired: readonly Acceptance[]
  readonly unused: readonly Acceptance[]
}

/** What is wrong in the file, and where. */
export interface BaselineFault {
  readonly kind: 'fault'
  readonly where: string
  readonly fault: string
}

const formName = 'vitalsign-baseline'
const mostEntries = 10_000
/** No acceptance is for ever: somebody looks again within a year. */
export const mostDays = 366

const keys = ['rule', 'identity', 'path', 'because', 'by', 'until'] as const

/**
 * Reads a baseline strictly: a word that is not known may be a misspelt one, and would accept too much; an end in ten
 * years is none.
 */
export function readBaseline(
  text: string,
  today: Temporal.PlainDate,
): { readonly kind: 'baseline'; readonly entries: readonly Acceptance[] } | BaselineFault {
  try {
    const file = objectAt(JSON.parse(text), 'the file')
    checkKeys(file, [formName, 'accept'], 'the file')
    if (file[formName] !== 1) throw new Fault(formName, 'must be 1')
    const { accept } = file
    if (!Array.isArray(accept)) throw new Fault('accept', 'must be a list')
    if (accept.length > mostEntries) throw new Fault('accept', `has over ${mostEntries} entries`)
    const last = today.add({ days: mostDays })
    return {
      kind: 'baseline',
      entries: accept.map((entry, index) => readEntry(entry, index, last)),
    }
  } catch (error) {
    if (error instanceof Fault) return { kind: 'fault', where: error.where, fault: error.message }
    if (error instanceof SyntaxError)
      return { kind: 'fault', where: 'the file', fault: 'is not JSON' }
    throw error
  }
}

class Fault extends Error {
  readonly where: string
  constructor(where: string, message: string) {
    super(message)
    this.where = where
  }
}

function readEntry(value: unknown, index: number, last: Temporal.PlainDate): Acceptance {
  const where = `accept[${index}]`
  const entry = objectAt(value, where)
  checkKeys(entry, keys, where)
  const rule = textAt(entry.rule, `${where}.rule`, 1, 64)
  if (!isRule(rule)) throw new Fault(`${where}.rule`, `no rule is called ${rule}`)
  const identity = textAt(entry.identity, `${where}.identity`, 64, 64)
  if (!/^[0-9a-f]{64}$/.test(identity)) throw new Fault(`${where}.identity`, 'is no digest')
  const path = entry.path ?? null
  const until = dateAt(entry.until, `${where}.until`)
  if (Temporal.PlainDate.compare(until, last) > 0)
    throw new Fault(
      `${where}.until`,
      `is further away than ${mostDays} days; ${last} is the last day`,
    )
  return {
    ...{ rule, identity },
    path: path === null ? null : textAt(path, `${where}.path`, 1, 4_096),
    because: textAt(entry.because, `${where}.because`, 3, 500),
    by: textAt(entry.by, `${where}.by`, 1, 200),
    until,
  }
}

function objectAt(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Fault(where, 'must be an object')
  return { ...value }
}

function checkKeys(object: object, known: readonly string[], where: string): void {
  const strange = Object.keys(object).find((key) => !known.includes(key))
  if (strange !== undefined)
    throw new Fault(where, `"${strange.slice(0, 40)}" is not known; known are ${known.join(', ')}`)
}

function textAt(value: unknown, where: string, least: number, most: number): string {
  if (typeof value === 'string' && value.trim().length >= least && value.length <= most)
    return value
  throw new Fault(where, `must be a text of ${least} to ${most} characters`)
}

function dateAt(value: unknown, where: string): Temporal.PlainDate {
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value))
    try {
      return Temporal.PlainDate.from(value, { overflow: 'reject' })
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
    }
  throw new Fault(where, 'must be a date such as 2027-03-31')
}

export function isRule(name: string): name is RuleName {
  return Object.hasOwn(rules, name)
}

/** Which findings are accepted today, and what the baseline itself has to say. */
export function applyBaseline(
  findings: readonly Finding[],
  entries: readonly Acceptance[],
  now: Temporal.Instant,
): BaselineOutcome {
  const today = now.toZonedDateTimeISO('UTC').toPlainDate()
  const isOver = ({ until }: Acceptance) => Temporal.PlainDate.compare(until, today) < 0
  const used = new Set<Acceptance>()
  const left: Finding[] = []
  const accepted: AcceptedFinding[] = []
  const byIdentity = Map.groupBy(entries, ({ identity }) => identity)
  for (const finding of findings) {
    const fitting = (byIdentity.get(finding.identity) ?? []).filter((entry) => fits(entry, finding))
    for (const entry of fitting) used.add(entry)
    const acceptance = fitting.find((entry) => !isOver(entry))
    if (acceptance === undefined) left.push(finding)
    else accepted.push({ finding, acceptance })
  }
  return {
    ...{ findings: left, accepted },
    expired: entries.filter((entry) => isOver(entry) && used.has(entry)),
    unused: entries.filter((entry) => !used.has(entry)),
  }
}

function fits({ rule, path }: Acceptance, finding: Finding): boolean {
  if (rule !== finding.rule) return false
  return path === null || patternOf(path).test(showPath(finding.path))
}

function patternOf(path: string): RegExp {
  const parts = path.split(/(\*\*|\*)/).map((part) => {
    if (part === '**') return '[\\s\\S]*'
    return part === '*' ? '[^/]*' : RegExp.escape(part)
  })
  return new RegExp(`^${parts.join('')}$`)
}

/**
 * A baseline that accepts these findings, each once and wherever it lies; old entries stay as they are, but for those
 * that have ended and are accepted anew.
 */
export function writeBaseline(
  findings: readonly Finding[],
  old: readonly Acceptance[],
  says: Pick<Acceptance, 'because' | 'by' | 'until'>,
  today: Temporal.PlainDate,
): string {
  const fresh = new Map(
    findings.map(({ rule, identity }) => [
      `${rule} ${identity}`,
      { rule, identity, path: null, ...says },
    ]),
  )
  const stays = ({ rule, identity, until }: Acceptance) =>
    Temporal.PlainDate.compare(until, today) >= 0 || !fresh.has(`${rule} ${identity}`)
  const accept = [...old.filter(stays), ...fresh.values()].map(({ until, path, ...entry }) => ({
    ...entry,
    ...(path === null ? {} : { path }),
    until: until.toString(),
  }))
  return `${JSON.stringify({ [formName]: 1, accept }, null, 2)}\n`
}
