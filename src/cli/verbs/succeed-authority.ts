// SPDX-License-Identifier: Apache-2.0
import { jsonText } from '../show/json.ts'
import { exit } from '../stop.ts'
import { begin, isJson, type Verb, writeLines } from './verb.ts'

/** Moves the role of an authority, and tells step by step what happened and what is left to do. */
export const succeedAuthority: Verb = async (call) => {
  const { server, input } = await begin(call)
  const asked = server.ask('authority.succeed', input)
  const answer = await call.terminal.waiting('making the key and moving the doors …', asked)
  if (isJson(call)) {
    await call.terminal.write(jsonText(answer))
    return exit.done
  }
  await writeLines(call, [
    ...answer.done.map((step) => `  ✓ ${step}`),
    ...answer.remains.map((step) => `  → ${step}`),
  ])
  return exit.done
}
