// SPDX-License-Identifier: Apache-2.0
import { jsonText } from '../show/json.ts'
import { exit } from '../stop.ts'
import type { Answer } from '../talk/server.ts'
import { begin, type Call, isJson, type Verb, writeLines } from './verb.ts'

type Limit = NonNullable<Answer<'revocation.limit'>['change']>

/** Says what a change of the limit came to. */
export const setLimit: Verb = async (call) => {
  const { server, input } = await begin(call)
  const { aloneUpTo, change } = await server.ask('revocation.limit', input)
  if (isJson(call)) await call.terminal.write(jsonText({ aloneUpTo, change }))
  else {
    await writeLines(call, [inForce(aloneUpTo), ...(change === null ? [] : waitingLines(change))])
    tellNext(call, change)
  }
  return exit.done
}

/** What holds, and what waits for a second person. */
export const showLimit: Verb = async (call) => {
  const { server, input } = await begin(call)
  const { aloneUpTo, waiting } = await server.ask('revocation.show-limit', input)
  if (isJson(call)) await call.terminal.write(jsonText({ aloneUpTo, waiting }))
  else {
    await writeLines(call, [inForce(aloneUpTo), ...(waiting === null ? [] : waitingLines(waiting))])
    tellNext(call, waiting)
  }
  return exit.done
}

function inForce(owners: number | null): string {
  return `one person ends or suspends trust in ${devices(owners)} alone`
}

function waitingLines({ id, state, owners, because, approvalsMissing }: Limit): readonly string[] {
  if (state !== 'waiting') return []
  const who =
    approvalsMissing === 1
      ? 'another person has to agree'
      : `${approvalsMissing} people have to agree`
  return [`${id} waits: ${devices(owners)} (${because}); ${who}`]
}

function tellNext(call: Call, limit: Limit | null): void {
  if (limit === null) return
  if (limit.state === 'waiting')
    call.terminal.hint(`vitalsign revocation approve-limit ${limit.id} --name NAME`)
  else
    call.terminal.hint('it lets one person do more, which stands as an exception in the evidence')
}

function devices(owners: number | null): string {
  return owners === null ? 'any number of devices' : `up to ${owners} devices`
}
