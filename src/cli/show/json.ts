// SPDX-License-Identifier: Apache-2.0

/** A document as programs read it, and people who look at it, too. */
export function jsonText(document: unknown): string {
  return `${JSON.stringify(document, null, 2)}\n`
}
