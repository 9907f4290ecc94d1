// SPDX-License-Identifier: Apache-2.0
/** Commands that a person takes over, for what is done at a terminal and not on this page. */
import { get } from './api.js'
import { copyable, make } from './elements.js'
import { serverFor } from './enrol.js'

/** One word as every shell takes it. */
export const quoted = (text) =>
  /^[\w.,:/@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`

/** What a command is for, and its lines. */
export function command(why, lines) {
  return [make('p', `${why}:`), copyable(`bin/vitalsign ${lines}`, `the command: ${why}`)]
}

/**
 * The words by which a person's own machine reaches this server: FILEs are the certificate and the
 * key of that machine, which an administrator let in.
 */
export async function fromElsewhere() {
  const { addresses, rootSha256 } = await get('/status')
  const server = serverFor(addresses.devices)
  return ` \\\n  --server ${server} --cert FILE --key FILE \\\n  --root ${rootSha256}`
}
