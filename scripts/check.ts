// SPDX-License-Identifier: Apache-2.0
/** Types, lint and format: what a reader of the code may take for granted. */
import { spawnSync } from 'node:child_process'

const steps: readonly (readonly [string, readonly string[]])[] = [
  ['tsc', ['-p', '.']],
  ['biome', ['check', '.']],
]
for (const [tool, words] of steps) {
  const { status } = spawnSync(`node_modules/.bin/${tool}`, words, { stdio: 'inherit' })
  if (status !== 0) process.exit(1)
}
