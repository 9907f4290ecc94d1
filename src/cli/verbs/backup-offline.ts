// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path'
import { Fault } from '#core/fault.ts'
import type { BackupAtHand, BackupFacts, ReadingProgress } from '../means.ts'
import { jsonText } from '../show/json.ts'
import { pairLines } from '../show/record.ts'
import { printable } from '../show/value.ts'
import { exit, Stop, wrongUse } from '../stop.ts'
import { bar } from '../terminal/progress.ts'
import { type Call, isJson, tableOptions, type Verb, writeLines } from './verb.ts'

/** Makes an identity; the secret stays in its file. */
export const newKey: Verb = async (call) => {
  const file = call.said.text('file') ?? ''
  const { newIdentity } = await call.means.offline()
  const { recipient } = await newIdentity(resolve(file))
  await call.terminal.write(isJson(call) ? jsonText({ file, recipient }) : `${recipient}\n`)
  if (!isJson(call)) call.terminal.hint(`give it to "backup make --to"; keep ${file} elsewhere`)
  return exit.done
}

/** Reads a backup whole and tells what it is. */
export const checkBackup: Verb = async (call) => {
  const work = await call.means.offline()
  const facts = await reading(call, (backup, tell) => work.checkBackup(backup, tell))
  if (isJson(call)) await call.terminal.write(jsonText(facts))
  else await writeLines(call, [`${good(call)} the backup is whole`, ...factLines(call, facts)])
  return exit.done
}

/** Makes an installation again. */
export const restoreBackup: Verb = async (call) => {
  const { said, terminal, means } = call
  const data = said.text('data')
  if (data === undefined) throw wrongUse('--data DIR says where to restore to')
  const url = said.text('database')
  const database = url === undefined ? undefined : { url, ...filesOf(call) }
  const work = await means.offline()
  const restored = await reading(call, (backup, tell) =>
    work.restoreBackup({ ...backup, data: resolve(data), database }, tell),
  )
  if (isJson(call)) {
    await terminal.write(jsonText(restored))
    return exit.done
  }
  const { restoredAs, newOrigin, codesLapsed, sessionsEnded, keysElsewhere, artefacts } = restored
  await writeLines(call, [
    `${good(call)} restored into ${data}: epoch ${restoredAs} begins`,
    ...factLines(call, restored),
    ...pairLines(
      [
        ['log', `goes on as ${newOrigin}`],
        [
          'lapsed',
          `${codesLapsed} code${codesLapsed === 1 ? '' : 's'}, ${sessionsEnded} session${sessionsEnded === 1 ? '' : 's'}`,
        ],
      ],
      { ...tableOptions(call), indent: '  ' },
    ),
    '',
    'The old installation must never run again: two that sign with the same keys cannot be told apart.',
    `What was revoked after ${restored.moment} is not known here: revoke it again.`,
    ...(keysElsewhere.length === 0
      ? []
      : [
          `No backup has the keys of ${keysElsewhere.join(', ')}: start it where that token or TPM is, or bring its own backup back; "vitalsign doctor" says which are missing.`,
        ]),
    ...(artefacts === 0
      ? []
      : [
          `No backup has the octets of its ${artefacts} artefacts, which are files: bring the directory of artefacts back before the start (${data}/artefacts, or what "artefacts" names in ${data}/vitalsign.json); "vitalsign doctor" says which are missing.`,
        ]),
  ])
  terminal.hint(
    `start it with the old passphrase: npm start -- --data ${data} --passphrase-file FILE`,
  )
  return exit.done
}

/** The files that say how to reach a database. */
export function filesOf({ said }: Call) {
  return { passwordFile: said.text('passwordFile'), caFile: said.text('caFile') }
}

/** Runs something that reads a backup, with its progress; what is wrong with the backup is a refusal. */
export async function reading<T>(
  call: Call,
  work: (backup: BackupAtHand, tell: (progress: ReadingProgress) => void) => Promise<T>,
): Promise<T> {
  const { said, terminal } = call
  const backup = { file: said.text('file') ?? '', identityFile: said.text('identity') ?? '' }
  const progress = terminal.progress('reading …')
  const tell = ({ bytes, of, rows }: ReadingProgress) =>
    progress.update(`${bar(bytes / of)}  ${rows.toLocaleString('en')} rows`)
  try {
    return await work(backup, tell)
  } catch (cause) {
    if (!(cause instanceof Fault) || !refusing.has(cause.code)) throw cause
    const { message, remedy: hint, code } = cause
    throw new Stop(exit.refused, message, { hint, code, cause })
  } finally {
    progress.end()
  }
}

/** Breaks that say that this file is not taken, or not here. */
const refusing: ReadonlySet<string> = new Set([
  'backup-damaged',
  'backup-format-unknown',
  'backup-locked',
  'clock-wrong',
  'schema-newer',
  'store-differs',
  'store-not-empty',
])

export function good({ terminal }: Call): string {
  return terminal.paint('green', '✓')
}

function factLines(call: Call, facts: BackupFacts): readonly string[] {
  const rows = facts.rows.toLocaleString('en')
  const root = facts.withRoot ? 'with the root keys' : 'without the root keys'
  return pairLines(
    [
      ['moment', `${facts.moment}, epoch ${facts.epoch}`],
      ['of', `${facts.environment} installation ${printable(facts.installation)}, ${root}`],
      ['holds', `${rows} rows; schema ${facts.schema} of program ${printable(facts.program)}`],
      ['log', `${facts.logSize} events, SHA-256 ${facts.logRootSha256}`],
      ['file', `${facts.bytes.toLocaleString('en')} bytes, SHA-256 ${facts.sha256}`],
    ],
    { ...tableOptions(call), indent: '  ' },
  )
}
