// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { writeFile } from '../files.ts'
import { jsonText } from '../show/json.ts'
import { exit } from '../stop.ts'
import { begin, type Call, isJson, type Verb } from './verb.ts'

const pemAnswer = z.object({ pem: z.string() })

/** Gives out certificates as the file that other programs read. */
export const exportPem: Verb = async (call) => {
  const { server, name, input } = await begin(call)
  const { pem } = pemAnswer.parse(await server.askAny(name, input))
  await deliver(call, [isJson(call) ? jsonText({ pem }) : pem])
  return exit.done
}

/** Gives out a stream byte for byte, as it comes. */
export const exportLines: Verb = async (call) => {
  const { server, name, input } = await begin(call)
  const progress = call.terminal.progress(`${call.command.name} …`)
  async function* counted(chunks: AsyncIterable<Uint8Array>) {
    let bytes = 0
    for await (const chunk of chunks) {
      bytes += chunk.length
      progress.update(`${(bytes / 1e6).toFixed(1)} megabytes written`)
      yield chunk
    }
  }
  try {
    await deliver(call, counted(await server.stream(name, input)))
  } finally {
    progress.end()
  }
  return exit.done
}

type Chunks = AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>

/** To the file that was named (--output), else to standard output. @throws Stop if it cannot be written */
export async function deliver(call: Call, chunks: Chunks): Promise<void> {
  const path = call.said.text('output')
  if (path === undefined || path === '-') {
    for await (const chunk of chunks) await call.terminal.write(chunk)
    return
  }
  await writeFile(path, chunks)
  call.terminal.note(`written to ${path}`)
}
