// SPDX-License-Identifier: Apache-2.0
import { lstatSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A secret that cannot be had; the message names the file and never its content. */
export class SecretError extends Error {
  override readonly name = 'SecretError'
}

/** Far more than any password. */
const mostBytes = 4_096

/**
 * Reads a secret from a file of a directory: its first line.
 *
 * The file is the owner's alone, or it is not read: a password that others can read is none.
 *
 * @throws SecretError if it is not there, not a plain file, or open to others
 */
export function readSecretFile(directory: string, name: string): string {
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/i.test(name))
    throw new SecretError(`"${name}" is no name of a file with a password`)
  const path = join(directory, name)
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found === undefined) throw new SecretError(`the password file ${name} is not there`)
  if (!found.isFile() || found.size > mostBytes)
    throw new SecretError(`the password file ${name} is not a small plain file`)
  if ((found.mode & 0o077) !== 0)
    throw new SecretError(`the password file ${name} can be read by others: chmod 600 it`)
  const [line = ''] = readFileSync(path, 'utf8').split(/\r?\n/, 1)
  if (line === '') throw new SecretError(`the password file ${name} is empty`)
  return line
}
