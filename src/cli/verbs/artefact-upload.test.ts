// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { exit, Stop } from '../stop.ts'
import type { Server } from '../talk/server.ts'
import { uploadFile } from './artefact-upload.ts'
import type { Call } from './verb.ts'

const path = join(tmpdir(), `vitalsign-upload-${process.pid}.bin`)
writeFileSync(path, new Uint8Array(1_000))
after(() => rmSync(path))

const terminal = { progress: () => ({ update: () => undefined, end: () => undefined }) }
const at = (offset: number) => ({
  ...{ upload: 'upl_1', sha256: '00', octets: 1_000, offset, complete: offset === 1_000 },
})

/** A server that answers appends with these, and whose upload is at 400 when it is asked. */
function serverWith(...answers: readonly (Stop | number)[]) {
  const left = [...answers]
  const appended: number[] = []
  const server = {
    ask: async (name: string) => at(name === 'artefact.progress' ? 400 : 0),
    append: async (_: string, { offset }: { offset: number }) => {
      appended.push(offset)
      const answer = left.shift() ?? assert.fail('it was asked once more')
      if (answer instanceof Stop) throw answer
      return at(answer)
    },
  }
  return { server: server as unknown as Server, appended }
}

const no = (code: string) => new Stop(exit.refused, code, { code })

function send(server: Server, pauses: number[] = []) {
  return uploadFile(path, undefined, { terminal } as unknown as Call, server, async (pause) => {
    pauses.push(pause)
  })
}

test('an upload that was cut off goes on where the server is, once whoever had it lets go of it', async () => {
  const { server, appended } = serverWith(
    no('busy'),
    no('busy'),
    no('upload-offset-differs'),
    1_000,
  )
  const pauses: number[] = []
  assert.equal((await send(server, pauses)).complete, true)
  assert.deepEqual(appended, [0, 400, 400, 400])
  assert.deepEqual(pauses, [5_000, 5_000, 500])
})

test('what stays held is told in the end, and what is refused is told at once', async () => {
  const held = serverWith(...Array.from({ length: 19 }, () => no('busy')))
  await assert.rejects(send(held.server), { code: 'busy' })
  const ended = serverWith(no('upload-ended'))
  await assert.rejects(send(ended.server), { code: 'upload-ended' })
  const broken = serverWith(...Array.from({ length: 6 }, () => new Stop(exit.broken, 'cut off')))
  await assert.rejects(send(broken.server), { message: 'cut off' })
})
