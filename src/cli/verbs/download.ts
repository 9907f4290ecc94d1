// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto'
import { type ExitStatus, exit, Stop } from '../stop.ts'
import type { Server } from '../talk/server.ts'
import { deliver } from './export.ts'
import { begin, type Call, type Verb } from './verb.ts'

/** Fetches octets and holds them against the digest by which they were asked. */
export const download: Verb = async (call) => {
  const { server, input } = await begin(call)
  return fetchOctets(call, server, String(input['digest']))
}

/** Fetches a file of a release: its digest is the one that the release has for it. */
export const downloadFile: Verb = async (call) => {
  const { server, input } = await begin(call)
  const { signed, parts } = await server.ask('release.show', { release: input['release'] })
  const attached = parts.filter(({ role }) => role !== 'test')
  const found = [...signed, ...attached].find(({ name }) => name === input['name'])
  if (found === undefined)
    throw new Stop(exit.refused, `the release has no file named ${input['name']}`)
  return fetchOctets(call, server, found.sha256)
}

async function fetchOctets(call: Call, server: Server, wanted: string): Promise<ExitStatus> {
  const progress = call.terminal.progress('fetching …')
  const hash = createHash('sha256')
  async function* checked(chunks: AsyncIterable<Uint8Array>) {
    let octets = 0
    for await (const chunk of chunks) {
      hash.update(chunk)
      octets += chunk.length
      progress.update(`${(octets / 1e6).toFixed(1)} megabytes`)
      yield chunk
    }
    const found = hash.digest('hex')
    // Thrown before the file gets its name: what is wrong is never there.
    if (found !== wanted) throw new Stop(exit.refused, `what came has SHA-256 ${found}`)
  }
  try {
    await deliver(call, checked(await server.stream('artefact.download', { digest: wanted })))
  } finally {
    progress.end()
  }
  return exit.done
}
