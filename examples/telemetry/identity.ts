// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** An identity of our own, as TLS takes it: what we show, and whom we believe. */
export interface Identity {
  readonly key: Buffer
  readonly cert: Buffer
  readonly ca: Buffer
}

/**
 * Reads the directory that `vitalsign-device --publish` keeps.
 *
 * To be read anew whenever it is used for a new connection: the identity renews itself.
 */
export function readIdentity(directory: string): Identity {
  const read = (name: string) => readFileSync(join(directory, name))
  return { key: read('key.pem'), cert: read('chain.pem'), ca: read('anchors.pem') }
}
