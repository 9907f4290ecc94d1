// SPDX-License-Identifier: Apache-2.0
import { Fault } from '#core/fault.ts'

/** What the file system says, in the words of the house; whatever else is thrown stays what it is. */
export function asFault(error: unknown): unknown {
  if (error instanceof Fault || !isSystemError(error)) return error
  return isFull(error)
    ? new Fault('store-full', 'no space is left for artefacts', { cause: error })
    : new Fault('store-unreachable', `artefacts: ${error.message}`, { cause: error })
}

export function isMissing(error: unknown): boolean {
  return isSystemError(error) && error.code === 'ENOENT'
}

function isFull({ code }: NodeJS.ErrnoException): boolean {
  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG'
}

export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error
}
