// SPDX-License-Identifier: Apache-2.0
/** Backups of test houses, made over the local door as the command line makes them. */
import { writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { newIdentity } from '#edge/backup/age.ts'
import { systemRandomness } from '#edge/chance/system-randomness.ts'
import type { House } from '#house/house.ts'
import { type Restored, restore } from '#house/restore.ts'
import { temporaryDirectory } from './house.ts'

/** Asks the local administrator's socket. */
export async function askLocally(
  { socket }: Pick<House, 'socket'>,
  method: 'DELETE' | 'GET' | 'POST',
  path: string,
  body?: object,
): Promise<{ readonly status: number; readonly text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>()
  const sent = request(
    {
      ...{ socketPath: socket, method, path: `/api/v1${path}`, agent: false },
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
    },
    (answer) =>
      text(answer).then((read) => resolve({ status: answer.statusCode ?? 0, text: read }), reject),
  )
  sent.on('error', reject)
  sent.end(body === undefined ? undefined : JSON.stringify(body))
  return promise
}

export interface KeptBackup {
  readonly file: string
  readonly identityFile: string
  readonly recipient: string
}

/** An age identity in a file, and where a backup for it may be written. */
export async function newPlace(): Promise<KeptBackup> {
  const directory = temporaryDirectory()
  const { identity, recipient } = await newIdentity()
  const identityFile = join(directory, 'identity')
  writeFileSync(identityFile, `# for tests\n${identity}\n`, { mode: 0o600 })
  return { file: join(directory, 'house.backup'), identityFile, recipient }
}

/** Makes a backup of an open house; gives the last line of the answer. */
export async function madeBackup(house: House, more: object = {}) {
  const place = await newPlace()
  const { file, recipient } = place
  const order = { file, recipients: [`Ada ${recipient}`], ...more }
  const answer = await askLocally(house, 'POST', '/backups', order)
  if (answer.status !== 200) throw new Error(answer.text)
  return { ...place, last: JSON.parse(answer.text.trim().split('\n').at(-1) ?? 'null') }
}

/** Restores into a directory of its own. */
export async function restored(
  { file, identityFile }: KeptBackup,
  now: () => Temporal.Instant,
  data = join(temporaryDirectory(), 'data'),
): Promise<Restored & { readonly data: string }> {
  const done = await restore(
    { file, identityFile, data, database: undefined },
    { clock: { now }, random: systemRandomness, tell: () => {} },
  )
  return { ...done, data }
}
