// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'

/**
 * Whether a head begins as a form does and can be parsed.
 *
 * The mark comes first: this is asked of every file, and an error that is thrown and caught costs more than a read.
 *
 * @param parse throws FormatError, or says no
 */
export function recognisedBy(
  mark: { readonly at: number; readonly octets: readonly number[] },
  parse: (head: Uint8Array) => unknown,
): (head: Uint8Array) => boolean {
  return (head) => {
    for (let index = 0; index < mark.octets.length; index++)
      if (head[mark.at + index] !== mark.octets[index]) return false
    try {
      return parse(head) !== false
    } catch (error) {
      if (error instanceof FormatError) return false
      throw error
    }
  }
}
