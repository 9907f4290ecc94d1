// SPDX-License-Identifier: Apache-2.0
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** A file that an integration needs and that cannot be had; the message never holds what is in it. */
export class PlaceError extends Error {
  override readonly name = 'PlaceError'
}

/** Far more than keys, passwords and bundles of roots. */
const mostBytes = 262_144

/** The files that an operator laid down for integrations: one directory, names without a path. */
export interface Place {
  /** @throws PlaceError if it is not there or no plain file */
  text(name: string): string
  /** Like `text`, of a file that is the owner's alone: what others can read is no secret. */
  secret(name: string): string
}

export function placeAt(directory: string): Place {
  const read = (name: string, isSecret: boolean) => {
    if (!/^[a-z0-9][a-z0-9._-]{0,63}$/i.test(name))
      throw new PlaceError(`"${name}" is no name of a file of an integration`)
    const path = join(directory, name)
    // Through a link, too: identities that renew themselves are published by one.
    const found = statSync(path, { throwIfNoEntry: false })
    if (found === undefined) throw new PlaceError(`the file ${name} is not there`)
    if (!found.isFile() || found.size > mostBytes)
      throw new PlaceError(`the file ${name} is not a small plain file`)
    if (isSecret && (found.mode & 0o077) !== 0)
      throw new PlaceError(`the file ${name} can be read by others: chmod 600 it`)
    return readFileSync(path, 'utf8')
  }
  return { text: (name) => read(name, false), secret: (name) => read(name, true) }
}
