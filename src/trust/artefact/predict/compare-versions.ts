// SPDX-License-Identifier: Apache-2.0

/**
 * Which of two versions is higher, as updaters compare them: numbers by their value, a pre-release before its
 * release, and what follows a plus sign not at all.
 *
 * @returns below 0, 0 or above 0; undefined where one of them cannot be compared
 * @see Semantic Versioning 2.0.0 section 11; SWUpdate takes four numbers, too
 */
export function compareVersions(one: string, other: string): number | undefined {
  const [left, right] = [partsOf(one), partsOf(other)]
  if (left === undefined || right === undefined) return undefined
  for (let index = 0; index < 4; index++) {
    const difference = (left.numbers[index] ?? 0) - (right.numbers[index] ?? 0)
    if (difference !== 0) return difference
  }
  if (left.before === undefined || right.before === undefined)
    return Number(left.before === undefined) - Number(right.before === undefined)
  return compareMarks(left.before.split('.'), right.before.split('.'))
}

interface Parts {
  readonly numbers: readonly number[]
  /** The pre-release. */
  readonly before: string | undefined
}

function partsOf(text: string): Parts | undefined {
  const match = /^v?(\d{1,10}(?:\.\d{1,10}){0,3})(?:-([0-9A-Za-z.-]{1,64}))?(?:\+.*)?$/.exec(text)
  if (match === null) return undefined
  return { numbers: (match[1] ?? '').split('.').map(Number), before: match[2] }
}

function compareMarks(left: readonly string[], right: readonly string[]): number {
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const [one, other] = [left[index], right[index]]
    if (one === undefined || other === undefined) return one === undefined ? -1 : 1
    const difference = compareMark(one, other)
    if (difference !== 0) return difference
  }
  return 0
}

/** Numbers stand below words. */
function compareMark(one: string, other: string): number {
  const [isNumber, otherIs] = [/^\d+$/.test(one), /^\d+$/.test(other)]
  if (isNumber && otherIs) return Number(one) - Number(other)
  if (isNumber !== otherIs) return isNumber ? -1 : 1
  return one < other ? -1 : Number(one > other)
}
