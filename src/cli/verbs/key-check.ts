// SPDX-License-Identifier: Apache-2.0
import { join, resolve } from 'node:path'
import { openKeyListDirectory } from '#edge/key-lists/key-list-directory.ts'
import { importPublicKey, type PublicKey } from '#trust/public-key.ts'
import { checkKey } from '#trust/weak-keys/check-key.ts'
import { DeepChecks } from '#trust/weak-keys/deep/check-key-deeply.ts'
import type { KeyLists } from '#trust/weak-keys/key-lists.ts'
import { searchScalars } from '#trust/weak-keys/scalars/check-scalar.ts'
import { type KeyWeakness, weaknesses } from '#trust/weak-keys/weaknesses.ts'
import { type FoundKey, publicKeysOf } from '../commands/public-key-file.ts'
import { readFile } from '../files.ts'
import { jsonText } from '../show/json.ts'
import { printable } from '../show/value.ts'
import { exit, wrongUse } from '../stop.ts'
import { Progress } from '../terminal/progress.ts'
import { type Call, isJson, type Verb, writeLines } from './verb.ts'

/** What is said of one key. */
interface Checked {
  readonly file: string
  /** What the key stands in: a certificate, a request, a public key. */
  readonly in: string
  readonly algorithm: string | null
  readonly fingerprint: string | null
  /** Why the key cannot be used at all, as a device would hear it. */
  readonly refused: { readonly reason: string; readonly detail: string } | null
  readonly findings: readonly (KeyWeakness & {
    readonly severity: string
    readonly means: string
    readonly source: string
  })[]
}

/** Says all that is known to be wrong with the keys of files. No server is asked, and nothing is sent anywhere. */
export const checkKeys: Verb = async (call) => {
  const files = call.said.value('file')
  if (!Array.isArray(files) || files.length === 0)
    throw wrongUse('no file is named', 'vitalsign key check device.csr')
  const keys = files.map(String).flatMap((file) => publicKeysOf(readFile(file, 'FILE'), file))
  const directory = await openKeyListDirectory(
    join(resolve(call.said.text('data') ?? './data'), 'weak-keys'),
  )
  const progress = new Progress(process.stderr, 'looking at keys')
  const deep = new DeepChecks()
  const checked: Checked[] = []
  try {
    for (const key of keys) {
      progress.update(`looking at key ${checked.length + 1} of ${keys.length}, ${key.file}`)
      checked.push(check(key, directory.lists, deep))
      // The line on the terminal is written in between.
      await new Promise((resume) => setImmediate(resume))
    }
  } finally {
    progress.end()
    directory.close()
  }
  const asked = directory.lists.lists.map(({ head: { name, from, count } }) => ({
    name,
    from,
    count,
  }))
  if (isJson(call))
    await call.terminal.write(jsonText({ keys: checked, lists: asked, faults: directory.faults }))
  else await tell(call, checked, asked.length)
  for (const { file, because } of directory.faults)
    call.terminal.hint(`${file} was not asked: ${because}`)
  return checked.every(isWell) ? exit.done : exit.refused
}

function isWell({ refused, findings }: Checked): boolean {
  return refused === null && findings.length === 0
}

function check({ file, what, spki }: FoundKey, lists: KeyLists, deep: DeepChecks): Checked {
  const key = importPublicKey(spki)
  const about = { file, in: what }
  if ('kind' in key) {
    const { reason, detail } = key
    return {
      ...about,
      algorithm: null,
      fingerprint: null,
      refused: { reason, detail },
      findings: [],
    }
  }
  return {
    ...about,
    ...{ algorithm: key.algorithm, fingerprint: key.fingerprint.toHex(), refused: null },
    findings: all(key, lists, deep).map((one) => ({ ...one, ...weaknesses[one.name] })),
  }
}

/** A key that the gate refuses needs no search that takes seconds. */
function all(key: PublicKey, lists: KeyLists, deep: DeepChecks): readonly KeyWeakness[] {
  const atOnce = checkKey(key, lists)
  if (atOnce.length > 0) return atOnce
  const simple = searchScalars(key)
  return simple.length > 0 ? simple : deep.check(key)
}

async function tell(call: Call, checked: readonly Checked[], lists: number): Promise<void> {
  const { paint } = call.terminal
  for (const { file, in: what, algorithm, fingerprint, refused, findings } of checked) {
    const name = printable(file)
    if (refused !== null) {
      await writeLines(call, [
        `${paint('red', '✗')} ${name}, ${what}: ${refused.reason}`,
        `  ${printable(refused.detail)}`,
      ])
      continue
    }
    if (findings.length === 0) {
      await writeLines(call, [
        `${paint('green', '✓')} ${name}, ${what}: ${algorithm}, nothing is known to be wrong with it`,
        `  fingerprint ${fingerprint}`,
      ])
      continue
    }
    await writeLines(call, [
      `${paint('red', '✗')} ${name}, ${what}: ${algorithm}, weak`,
      `  fingerprint ${fingerprint}`,
      ...findings.flatMap(({ name, severity, detail, means, source }) => [
        `  ${paint(severity === 'critical' ? 'red' : 'yellow', `${name} (${severity})`)}: ${printable(detail)}`,
        `    ${means}`,
        `    source: ${source}`,
      ]),
    ])
  }
  if (!checked.every(isWell))
    call.terminal.hint(
      'docs/guides/weak-keys.md says of each finding where it comes from, and what to do',
    )
  if (lists === 0)
    call.terminal.hint('no list of known keys was asked; "vitalsign weak-keys import" takes one in')
}
