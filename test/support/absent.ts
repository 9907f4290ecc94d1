// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs'

/** The reason to skip what these programs of Debian judge, or false; with PEERS=required it is never skipped. */
export function absent(...programs: readonly string[]): string | false {
  const missing = programs.filter((program) => !existsSync(program))
  return missing.length === 0 || process.env['PEERS'] === 'required'
    ? false
    : `${missing.join(', ')} is missing`
}
