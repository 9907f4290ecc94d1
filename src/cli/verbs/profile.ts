// SPDX-License-Identifier: Apache-2.0
import { jsonText } from '../show/json.ts'
import { Names } from '../show/names.ts'
import { Rows } from '../show/rows.ts'
import { printable } from '../show/value.ts'
import { exit } from '../stop.ts'
import { showRecord } from './plain.ts'
import { begin, isJson, tableOptions, type Verb, writeLines } from './verb.ts'

/** Names every fault of a document; ends with 1 if there is one. */
export const checkProfile: Verb = async (call) => {
  const { server, input } = await begin(call)
  const answer = await server.ask('profile.check', input)
  const { terminal } = call
  if (isJson(call)) await terminal.write(jsonText(answer))
  else if (answer.good) await terminal.line(`${terminal.paint('green', '✓')} the profile is sound`)
  else {
    for (const { path, fault, remedy } of answer.faults) {
      await terminal.line(
        `${terminal.paint('red', '✗')} ${printable(`${path || 'document'}: ${fault}`)}`,
      )
      await terminal.line(`  → ${printable(remedy)}`)
    }
  }
  return answer.good ? exit.done : exit.refused
}

/** Shows what would change, place by place. */
export const diffProfile: Verb = async (call) => {
  const { server, input } = await begin(call)
  const answer = await server.ask('profile.diff', input)
  const { terminal } = call
  if (isJson(call)) {
    await terminal.write(jsonText(answer))
    return exit.done
  }
  const inForce = answer.number === null ? 'new' : `version ${answer.number} in force`
  await terminal.line(`${printable(answer.name)} (${inForce})`)
  if (answer.differences.length === 0) await terminal.line('nothing would change')
  else {
    const rows = new Rows('difference', new Names(server), { ...tableOptions(call), indent: '  ' })
    await writeLines(call, rows.lines(answer.differences))
  }
  return exit.done
}

/** Shows a version of a profile with its document as it can be written back to a file. */
export const showProfile: Verb = async (call) => {
  const { server, name, input } = await begin(call)
  if (isJson(call)) {
    await call.terminal.write(jsonText(await server.askAny(name, input)))
    return exit.done
  }
  const { document, ...profile } = await server.ask('profile.show', input)
  await showRecord(call, profile, new Names(server))
  await call.terminal.line()
  await call.terminal.write(jsonText(document))
  return exit.done
}
