// SPDX-License-Identifier: Apache-2.0
import { Fault, type FaultCode } from '#core/fault.ts'

/** The result codes that we tell apart. @see https://sqlite.org/rescode.html */
const resultCode = { corrupt: 11, full: 13, constraint: 19, notADatabase: 26 } as const

const faultCodes: ReadonlyMap<number, FaultCode> = new Map([
  [resultCode.corrupt, 'ledger-damaged'],
  [resultCode.notADatabase, 'ledger-damaged'],
  [resultCode.full, 'store-full'],
])

/** The break that an error of SQLite means; a `Fault` stays what it is. */
export function sqliteFault(error: unknown, doing: string): Fault {
  if (error instanceof Fault) return error
  const code = faultCodes.get(primaryCode(error)) ?? 'store-unreachable'
  const told = error instanceof Error ? error.message : String(error)
  return new Fault(code, `cannot ${doing}: ${told}`, { cause: error })
}

/** Whether the rows themselves forbid the statement: only this change is wrong, not the store. */
export function isConstraint(error: unknown): boolean {
  return primaryCode(error) === resultCode.constraint
}

function primaryCode(error: unknown): number {
  const extended = error instanceof Error && 'errcode' in error ? Number(error.errcode) : 0
  return extended & 0xff
}
