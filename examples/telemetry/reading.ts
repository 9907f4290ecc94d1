// SPDX-License-Identifier: Apache-2.0
import type { Reading } from './say.ts'

/** Reads what a pump sent; undefined: it is no reading. Who sent it is told by the connection, never by this. */
export function parseReading(text: string): Reading | undefined {
  try {
    const { millilitresPerHour, millilitresInfused } = JSON.parse(text) as Record<string, unknown>
    return isAmount(millilitresPerHour) && isAmount(millilitresInfused)
      ? { millilitresPerHour, millilitresInfused }
      : undefined
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined
    throw error
  }
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < 100_000
}
