// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto'
import { exit, Stop } from '../stop.ts'
import { deliver } from './export.ts'
import { begin, type Verb } from './verb.ts'

/** Fetches octets and holds them against the digest by which they were asked. */
export const download: Verb = async (call) => {
  const { server, name, input } = await begin(call)
  const wanted = String(input['digest'])
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
    await deliver(call, checked(await server.stream(name, input)))
  } finally {
    progress.end()
  }
  return exit.done
}
