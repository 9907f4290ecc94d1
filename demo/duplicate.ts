// SPDX-License-Identifier: Apache-2.0
/** A unit whose flash was copied from another one: it asks for its own identity with the other's key. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parsePem } from '#format/pem.ts'
import { parsePrivateKey } from '#trust/private-key.ts'
import { enrolByEst } from './enrol-by-est.ts'

export interface Copied {
  /** The state directory of the unit that was copied. */
  readonly state: string
  readonly server: string
  readonly serial: string
  readonly code: string
}

/** Posts a sound request by the copied key. @returns the HTTP status and the server's own words */
export async function enrolCopy({ state, ...unit }: Copied) {
  const blocks = parsePem(readFileSync(join(state, 'working.pem'), 'utf8'))
  const der = blocks.find(({ label }) => label === 'PRIVATE KEY')?.bytes
  const read = der && (await parsePrivateKey(der))
  if (read?.kind !== 'key') throw new TypeError(`${state} holds no key that reads`)
  return enrolByEst({ ...unit, root: readFileSync(join(state, 'root.pem'), 'utf8') }, read.pair)
}
