// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import { Fault } from '#core/fault.ts'
import type { ListenAddress } from '#edge/http/front.ts'
import { requestFile } from './awaited.ts'
import { claimLinkFile, keepClaimLink } from './claim-link.ts'
import type { Report } from './closers.ts'
import { type Configuration, readConfiguration, settings, urlOf } from './configuration.ts'
import { type House, openHouse } from './house.ts'
import { type Logger, logRequest, openLogger } from './logging.ts'

const exit = { done: 0, wrongUse: 2, broken: 3 } as const

/** Runs the server until it is told to stop; prints where it is and what to do next. */
export async function serve(words: readonly string[]): Promise<void> {
  if (words.includes('--help') || words.includes('-h')) {
    console.log(serveHelp())
    return
  }
  // Listened to from the first moment on: a signal while it opens stops it once it is open.
  const told = toldToStop()
  let house: House
  let configuration: Configuration
  try {
    configuration = readConfiguration(words)
    const isTerminal = process.stderr.isTTY === true
    const level = configuration.logLevel ?? (isTerminal ? 'warn' : 'info')
    const logger = openLogger(level, isTerminal)
    house = await openHouse(configuration, makeReport(logger), {
      journal: (port, seen) => logRequest(logger, port, seen),
    })
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    tellFault(error)
    process.exitCode = error.code === 'configuration-wrong' ? exit.wrongUse : exit.broken
    return
  }
  if (house.awaits.length > 0) {
    console.log(waiting(house, configuration))
    await house.close()
    return
  }
  // The claim link is a secret for half an hour: to a terminal only, else into a file for the owner.
  const showsLink = process.stdout.isTTY === true
  keepClaimLink(configuration.data, showsLink ? undefined : house.claimLink, house.feed)
  console.log(greeting(house, configuration, await keysWords(house, configuration), showsLink))
  const broken = await Promise.race([told, house.broken])
  if (broken !== undefined) {
    tellFault(broken)
    process.exit(exit.broken) // nothing can be booked any more; whoever started it starts it again
  }
  console.log('vitalsign: stopping …')
  await house.close()
  console.log('vitalsign: stopped; all that was acknowledged is on disk')
}

/** What somebody does who has founded it with a root elsewhere. */
function waiting({ core, awaits }: House, { data }: Configuration): string {
  return [
    `Vitalsign waits for its root: a ${core.environment.toUpperCase()} installation whose root is made elsewhere`,
    '',
    ...awaits.flatMap(({ name, algorithm, requestSha256 }) => [
      `  request    ${requestFile(data, name)}`,
      `             ${name}, ${algorithm}; SHA-256 ${requestSha256.toHex()}`,
    ]),
    '',
    '  next       take these files to the ceremony, and compare the digests there; when it is over:',
    `             ${program} ceremony import BUNDLE --data ${data}`,
    '             or, where your own PKI signs them, for each:',
    `             ${program} authority install NAME CHAIN --data ${data}`,
    '             then start it again. docs/guides/ceremony.md tells all of it.',
  ].join('\n')
}

function makeReport(logger: Logger): Report {
  return (what, cause, facts = {}) => logger.error({ ...facts, err: cause }, what)
}

function tellFault(error: Fault): void {
  for (const line of error.message.split('\n')) console.error(`vitalsign: error: ${line}`)
  console.error(`vitalsign: hint: ${error.remedy}`)
}

/** One Ctrl-C reaches us twice, from the terminal and through the launcher: the second must not kill. */
function toldToStop(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve())
  return promise
}

function greeting(
  house: House,
  configuration: Configuration,
  keys: readonly string[],
  showsLink: boolean,
): string {
  const { core, addresses } = house
  const roots = core.doors.own.filter(({ kind }) => kind === 'root')
  const environment = core.environment.toUpperCase()
  const doors = [
    ['devices', urlOf('https', addresses.devices), 'EST over TLS 1.3'],
    ...(addresses.legacy === undefined
      ? []
      : [
          [
            'legacy',
            urlOf('https', addresses.legacy),
            'the same over TLS 1.2: a relaxation',
          ] as const,
        ]),
    ['operators', browserUrl(addresses.operators), 'page and API, this machine only'],
    ['status', urlOf('http', addresses.status), 'issuers, revocation lists, log'],
  ] as const
  const width = Math.max(...doors.map(([, url]) => url.length))
  const lines = [
    `Vitalsign is serving a ${environment} installation`,
    '',
    ...doors.map(([name, url, what]) => `  ${name.padEnd(9)}  ${url.padEnd(width)}  ${what}`),
    ...roots.flatMap(({ name, algorithm, notAfter, certificateSha256, twin }) => [
      `  ${twin === null ? 'root' : 'twin'}       SHA-256 ${certificateSha256.toHex()}`,
      `             ${name}, ${algorithm}, until ${notAfter}`,
    ]),
    ...keys.map((words, line) => `  ${line === 0 ? 'keys' : '    '}       ${words}`),
    ...(configuration.database === undefined
      ? []
      : [`  node       ${core.node}, one of those on ${configuration.database.url}`]),
    '',
    ...nextSteps(house, configuration, showsLink),
  ]
  return lines.join('\n')
}

/** Where the keys are, a line for each place: the files first, where those of log and TLS always are. */
async function keysWords(
  { core }: House,
  { data, database }: Configuration,
): Promise<readonly string[]> {
  const places = database === undefined ? join(data, 'keys') : 'the database'
  const elsewhere = new Map<string, string[]>()
  let hasRootInFile = false
  for (const { name, kind, key } of core.doors.own) {
    if (key === null) continue
    const custody = (await core.ledger.read('key', key))?.custody
    if (!custody || custody === 'file') hasRootInFile ||= kind === 'root'
    else elsewhere.set(custody, [...(elsewhere.get(custody) ?? []), name])
  }
  return [
    `${hasRootInFile ? `${places} and ${join(data, 'root')}` : places}, encrypted`,
    ...[...elsewhere].map(([custody, names]) => `${custody}: ${names.join(', ')}`),
  ]
}

/** As a person types it: browsers take cookies by name. */
function browserUrl(address: ListenAddress): string {
  return urlOf('http', address).replace('127.0.0.1', 'localhost')
}

/** As a person calls us: in a clone, or where npm installed the release. */
const program = import.meta.dirname.includes('node_modules') ? 'npx vitalsign' : 'bin/vitalsign'

function nextSteps(
  { claimLink }: House,
  { data }: Configuration,
  showsLink: boolean,
): readonly string[] {
  if (claimLink === undefined) return [`  next       ${program} status`]
  if (showsLink) {
    return [
      `  claim it   ${claimLink}`,
      `             good once, for 30 minutes; or run: ${program} claim`,
    ]
  }
  return [
    `  claim it   the link is in ${claimLinkFile(data)}, good once, for 30 minutes`,
    `             or run: ${program} claim`,
  ]
}

/** What `vitalsign serve --help` says. */
export function serveHelp(): string {
  const rows = Object.entries(settings).map(
    ([name, { fallback, help: words }]) =>
      `  --${name.padEnd(18)} ${words}${fallback === '' ? '' : ` (${fallback})`}`,
  )
  return [
    'npm start [-- OPTIONS]',
    '',
    'Runs the server. All but --data may stand in DIR/vitalsign.json, too.',
    '',
    ...rows,
  ].join('\n')
}
