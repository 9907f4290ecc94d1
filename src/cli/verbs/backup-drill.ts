// SPDX-License-Identifier: Apache-2.0
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { sha256 } from '#trust/digest.ts'
import { writeFile } from '../files.ts'
import { jsonText } from '../show/json.ts'
import { printable } from '../show/value.ts'
import { exit } from '../stop.ts'
import { openRunning } from '../talk/connect.ts'
import { reading } from './backup-offline.ts'
import { type Call, isJson, type Verb } from './verb.ts'

/** Restores for trial; evidence and its digest are written, and signed where a server runs. */
export const drillBackup: Verb = async (call) => {
  const { said, terminal, means } = call
  const work = await means.offline()
  const passphraseFile = said.text('passphraseFile')
  const evidence = await reading(call, (backup, tell) =>
    work.drillBackup({ ...backup, passphraseFile }, tell),
  )
  const text = jsonText(evidence)
  const digest = sha256(new TextEncoder().encode(text)).toHex()
  const lines = [
    `restore drill of ${evidence.at}`,
    ...evidence.steps.map(
      ({ step, good, found, milliseconds }) =>
        `  ${good ? '✓' : '✗'} ${printable(step)}: ${printable(found)} (${milliseconds} ms)`,
    ),
    evidence.good ? 'the backup can be restored' : 'the backup cannot be restored as it should be',
    `backup SHA-256 ${evidence.backup.sha256}`,
    `evidence SHA-256 ${digest}`,
  ]
  if (isJson(call)) await terminal.write(text)
  else await terminal.line(lines.join('\n'))
  const note = await signed(call, evidence.backup.sha256, digest, evidence.good)
  const directory = said.text('evidence')
  if (directory !== undefined) {
    mkdirSync(directory, { recursive: true })
    const name = join(directory, `drill-${evidence.at.replaceAll(/[:.]/g, '-')}`)
    await writeFile(`${name}.json`, [text])
    await writeFile(`${name}.txt`, [`${lines.join('\n')}\n`])
    if (note !== undefined) await writeFile(`${name}.note`, [note])
    terminal.note(`written to ${name}.json, .txt${note === undefined ? '' : ' and .note'}`)
  }
  return evidence.good ? exit.done : exit.refused
}

/** The running server's signature over the digest; undefined where none runs. */
async function signed(
  { said, terminal }: Call,
  backupSha256: string,
  evidenceSha256: string,
  good: boolean,
): Promise<string | undefined> {
  const connection = await openRunning(resolve(said.text('data') ?? './data'))
  if (connection === undefined) {
    terminal.note('no server runs here: the evidence is not signed')
    return undefined
  }
  try {
    const input = { backupSha256, evidenceSha256, good }
    return (await connection.server.ask('backup.note-drill', input)).note
  } finally {
    await connection.close()
  }
}
