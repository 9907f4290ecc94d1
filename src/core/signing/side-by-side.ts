// SPDX-License-Identifier: Apache-2.0

/** So many wait for the disk at one time: as many as share its journal, and few enough to lie in memory. */
const mostTogether = 16
/** Of what is larger, one is at work at a time: its steps take memory of their own. */
export const largeOctets = 1_048_576

const isRefused = (one: unknown) => typeof one === 'object' && one !== null && 'reason' in one

/**
 * What work makes of each, in their order. Small ones are at work side by side, so that their waiting for the disk is
 * shared. Once one is refused no more are begun; all that began has ended when it returns, also where one of them broke.
 */
export async function sideBySide<T extends { readonly octets: number }, R>(
  all: readonly T[],
  work: (one: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = []
  for (let at = 0; at < all.length; ) {
    const rest = all.slice(at, at + mostTogether)
    const large = rest.findIndex(({ octets }) => octets > largeOctets)
    const together = large < 0 ? rest : rest.slice(0, Math.max(1, large))
    const settled = await Promise.allSettled(together.map(work))
    for (const one of settled) {
      if (one.status === 'rejected') throw one.reason
      results.push(one.value)
    }
    if (results.some(isRefused)) break
    at += together.length
  }
  return results
}
