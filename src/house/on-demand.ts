// SPDX-License-Identifier: Apache-2.0

/**
 * What many a house never needs, loaded and made when it is first asked for, and then kept. If that fails, whoever asked
 * hears of it, and the next who asks tries again.
 */
export function onDemand<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    if (made !== undefined) return made
    const making = make()
    made = making
    making.catch(() => {
      if (made === making) made = undefined
    })
    return making
  }
}
