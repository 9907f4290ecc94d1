// SPDX-License-Identifier: Apache-2.0
import { devices } from '#format/admin/operations/devices.ts'
import { exit } from '../stop.ts'
import { eventsOf } from '../talk/lines.ts'
import type { Input, Server } from '../talk/server.ts'
import { begin, type Call, isJson, type Verb } from './verb.ts'

/** Tells what happens to a device, until the server or the person ends it. */
export const watch: Verb = async (call) => {
  const { server, input } = await begin(call)
  await follow(call, server, input, () => false)
  return exit.done
}

/** Tells each sighting as a line, until one is the last that was wanted. */
export async function follow(
  call: Call,
  server: Server,
  input: Input,
  isLast: (here: boolean) => boolean,
): Promise<void> {
  for await (const event of eventsOf(await server.stream('device.watch', input))) {
    if (isJson(call)) await call.terminal.line(JSON.stringify(event))
    const { here, words, device, event: type } = devices['device.watch'].output.parse(event)
    if (!isJson(call))
      await call.terminal.line(lineOf(call, { here, words, state: device.state, type }))
    if (isLast(here)) return
  }
}

interface Sighting {
  readonly here: boolean
  readonly words: string
  readonly state: string
  readonly type: string | null
}

/** `waiting for PUMP-0001 …`, `PUMP-0001 is here`; what happens later bears its own name. */
function lineOf({ terminal }: Call, { here, words, state, type }: Sighting): string {
  if (here) return `${terminal.paint('green', '✓')} ${words} (${state}${type ? `, ${type}` : ''})`
  return type === null ? `  ${words} …` : `  ${words}`
}
