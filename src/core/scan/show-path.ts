// SPDX-License-Identifier: Apache-2.0

/** A path into nested images as people and baselines write it: each step inward is `!/`. */
export function showPath(path: readonly string[]): string {
  return path.map((step, index) => (index === 0 ? step : step.replace(/^\.?\/+/, ''))).join('!/')
}
