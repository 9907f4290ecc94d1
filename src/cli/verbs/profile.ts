// SPDX-License-Identifier: Apache-2.0
import { jsonText } from '../show/json.ts'
import { Names } from '../show/names.ts'
import { Rows } from '../show/rows.ts'
import { printable } from '../show/value.ts'
import { exit, Stop } from '../stop.ts'
import type { Answer } from '../talk/server.ts'
import { deliver } from './export.ts'
import { showRecord } from './plain.ts'
import { begin, type Call, isJson, tableOptions, type Verb, writeLines } from './verb.ts'

/** Names every fault of a document; ends with 1 if there is one. */
export const checkProfile: Verb = async (call) => {
  const { server, input } = await begin(call)
  const answer = await server.ask('profile.check', input)
  const { terminal } = call
  if (isJson(call)) await terminal.write(jsonText(answer))
  else if (answer.good) await terminal.line(`${terminal.paint('green', '✓')} the profile is sound`)
  else await showFaults(call, answer.faults)
  return answer.good ? exit.done : exit.refused
}

/** Puts a document in force; one with faults changes nothing, and they are listed as a check lists them. */
export const applyProfile: Verb = async (call) => {
  const { server, name, input } = await begin(call)
  try {
    const applied = await server.askAny(name, input)
    if (isJson(call)) await call.terminal.write(jsonText(applied))
    else await showRecord(call, applied, new Names(server))
    return exit.done
  } catch (refused) {
    if (isJson(call) || !(refused instanceof Stop) || refused.code !== 'profile-wrong')
      throw refused
    const { faults } = await server.ask('profile.check', input)
    // A sound document may still not follow the version in force.
    if (faults.length === 0) throw refused
    await showFaults(call, faults)
    call.terminal.note('nothing was changed')
    return exit.refused
  }
}

async function showFaults(call: Call, faults: Answer<'profile.check'>['faults']): Promise<void> {
  const { terminal } = call
  for (const { path, fault, remedy } of faults) {
    await terminal.line(
      `${terminal.paint('red', '✗')} ${printable(`${path || 'document'}: ${fault}`)}`,
    )
    await terminal.line(`  → ${printable(remedy)}`)
  }
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

/** Shows a version of a profile with its document; to a file goes the document alone. */
export const showProfile: Verb = async (call) => {
  const { server, name, input } = await begin(call)
  if (call.said.text('output') !== undefined) {
    const { document } = await server.ask('profile.show', input)
    await deliver(call, [jsonText(document)])
    return exit.done
  }
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
