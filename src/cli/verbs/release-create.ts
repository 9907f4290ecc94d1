// SPDX-License-Identifier: Apache-2.0
import { jsonText } from '../show/json.ts'
import { Names } from '../show/names.ts'
import { exit } from '../stop.ts'
import { showRecord, tellNext } from './plain.ts'
import { begin, isJson, type Verb } from './verb.ts'

/**
 * Begins a release, and says before anything is attached to it that nobody will know who made it: what somebody at the
 * server had a hand in keeps that for ever, and production usually asks that makers are known.
 */
export const createRelease: Verb = async (call) => {
  const { server, input } = await begin(call)
  const release = await server.ask('release.create', input)
  if (isJson(call)) await call.terminal.write(jsonText(release))
  else {
    const names = new Names(server)
    await names.learn(release)
    await showRecord(call, release, names)
  }
  if (release.environment === 'production' && release.createdBy === 'local') {
    const { document } = await server.ask('signing-policy.show', { product: release.product })
    if (asksForOrigins(document)) {
      call.terminal.hint(
        'you sit at the server and are nobody in particular, and the policy of this product asks who made a release: it will not be signed; begin it signed in on the page, with --server, --cert and --key of a machine, or with "release deliver"',
      )
      return exit.done
    }
  }
  if (!isJson(call)) tellNext(call, 'release.create', release, input)
  return exit.done
}

/** Of production, or of any kind of release in it. */
function asksForOrigins(document: unknown): boolean {
  return JSON.stringify(document).includes('"originKnown":true')
}
