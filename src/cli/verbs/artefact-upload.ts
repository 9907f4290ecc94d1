// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openFile } from '../files.ts'
import { jsonText } from '../show/json.ts'
import { exit, Stop, wrongUse } from '../stop.ts'
import type { Answer, Server } from '../talk/server.ts'
import { bar } from '../terminal/progress.ts'
import { begin, type Call, isJson, operationNameOf, type Verb } from './verb.ts'

/** So much is sent and answered at once: a device port gives a request a minute. */
const partOctets = 33_554_432
/** How often what broke is tried again before the person hears of it, and the pause before the first time. */
const mostTries = 6
const pauseMilliseconds = 500
/** Who was cut off may still be at it for a minute, on this server or another: so long it is asked for. */
const mostAsked = 18
const askMilliseconds = 5_000
/** A "no" after which it is asked how far the upload is, and gone on with. */
const mended: readonly (string | undefined)[] = ['busy', 'conflict', 'upload-offset-differs']

export type Uploaded = Answer<'artefact.progress'>

/** Sends a file, from where an earlier try ended, and goes on by itself after a cut. */
export const uploadArtefact: Verb = async (call) => {
  const path = call.said.text('file') ?? ''
  const server = await call.connect()
  const uploaded = await uploadFile(path, call.said.text('name'), call, server)
  if (isJson(call)) await call.terminal.write(jsonText(uploaded))
  else await call.terminal.line(`${uploaded.sha256}  ${uploaded.octets} octets`)
  return exit.done
}

/** Adds octets to an upload, once: for who has another way to go on. */
export const appendOctets: Verb = async (call) => {
  const { server, input } = await begin(call)
  const path = call.said.text('file') ?? '-'
  const octets = path === '-' ? call.terminal.input() : openFile(path, 'FILE').chunks
  const answer = await server.append(operationNameOf(call) as 'artefact.append', input, octets)
  if (isJson(call)) await call.terminal.write(jsonText(answer))
  else await call.terminal.line(`${answer.offset} of ${answer.octets} octets`)
  return exit.done
}

/**
 * @param name what it is called; undefined: as the file is
 * @param pause milliseconds
 * @throws Stop
 */
export async function uploadFile(
  path: string,
  name: string | undefined,
  { terminal }: Call,
  server: Server,
  pause: (milliseconds: number) => Promise<void> = sleep,
): Promise<Uploaded> {
  const progress = terminal.progress('reading …')
  try {
    const { sha256, octets } = await digestOf(path, (share) =>
      progress.update(`${bar(share)}  read`),
    )
    if (octets === 0) throw wrongUse(`${path} is empty`, 'look at FILE')
    const asked = { name: name ?? basename(path), octets, sha256 }
    let at: Uploaded = await server.ask('artefact.upload', asked)
    let [tries, asks] = [0, 0]
    while (!at.complete && at.upload !== null) {
      const { upload, offset } = at
      progress.update(`${bar(offset / octets)}  sent`)
      const chunks = sending(path, offset, octets, (sent) =>
        progress.update(`${bar(sent / octets)}  sent`),
      )
      try {
        at = await server.append('artefact.append', { upload, offset }, chunks)
        tries = 0
      } catch (error) {
        if (!(error instanceof Stop)) throw error
        if (error.status !== exit.broken && !mended.includes(error.code)) throw error
        const isHeld = error.code === 'busy'
        if (isHeld ? ++asks > mostAsked : ++tries === mostTries) throw error
        progress.update(
          isHeld
            ? 'waiting until what was cut off lets go of it …'
            : `cut off; trying again (${tries} of ${mostTries - 1})`,
        )
        await pause(isHeld ? askMilliseconds : pauseMilliseconds * 2 ** (tries - 1))
        at = await server
          .ask('artefact.progress', { upload })
          .catch(() => ({ ...at, upload, offset }))
      }
    }
    return at
  } finally {
    progress.end()
  }
}

async function digestOf(path: string, tell: (share: number) => void) {
  const { bytes, chunks } = openFile(path, 'FILE')
  const hash = createHash('sha256')
  let octets = 0
  for await (const chunk of chunks) {
    hash.update(chunk)
    octets += chunk.length
    tell(octets / Math.max(1, bytes))
  }
  return { sha256: hash.digest('hex'), octets }
}

async function* sending(
  path: string,
  offset: number,
  octets: number,
  tell: (sent: number) => void,
): AsyncGenerator<Uint8Array> {
  const end = Math.min(octets, offset + partOctets)
  if (offset === end) return
  let sent = offset
  for await (const chunk of createReadStream(path, { start: offset, end: end - 1 })) {
    sent += chunk.length
    tell(sent)
    yield chunk
  }
}
