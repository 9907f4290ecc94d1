// SPDX-License-Identifier: Apache-2.0
import { DatabaseError } from 'pg'
import { Fault, type FaultCode } from '#core/fault.ts'

/** The conditions that we tell apart. @see https://www.postgresql.org/docs/current/errcodes-appendix.html */
export const sqlState = {
  divisionByZero: '22012',
  uniqueViolation: '23505',
  readOnly: '25006',
  abortedAlready: '25P02',
  wrongUser: '28000',
  wrongPassword: '28P01',
  noSuchDatabase: '3D000',
  serialization: '40001',
  deadlock: '40P01',
  diskFull: '53100',
  tooManyConnections: '53300',
  lockNotAvailable: '55P03',
  dataCorrupted: 'XX001',
  indexCorrupted: 'XX002',
} as const

const faultCodes: Readonly<Record<string, FaultCode>> = {
  [sqlState.diskFull]: 'store-full',
  [sqlState.dataCorrupted]: 'ledger-damaged',
  [sqlState.indexCorrupted]: 'ledger-damaged',
}

/** The break that an error of the database or its connection means; a `Fault` stays what it is. */
export function postgresFault(error: unknown, doing: string): Fault {
  if (error instanceof Fault) return error
  const state = sqlStateOf(error)
  const code =
    state !== undefined && Object.hasOwn(faultCodes, state)
      ? faultCodes[state]!
      : 'store-unreachable'
  const told = error instanceof Error && error.message !== '' ? error.message : String(error)
  return new Fault(code, `cannot ${doing}: ${told.charAt(0).toLowerCase()}${told.slice(1)}`, {
    cause: error,
  })
}

/** The five characters of the condition; undefined if the database did not say this error. */
export function sqlStateOf(error: unknown): string | undefined {
  return error instanceof DatabaseError ? error.code : undefined
}

/** Whether the statement itself was refused, and the connection lives on. */
export function isRefusedStatement(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError && error.severity === 'ERROR'
}
