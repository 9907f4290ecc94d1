// SPDX-License-Identifier: Apache-2.0
/**
 * The README's test command: types and lint, then every test by parts, then one table.
 *
 * `--depth N` (default 1) multiplies how much the random tests try; `--part NAME` runs one part.
 * With PEERS=required a missing foreign program is a failure, else its tests are skipped by name.
 */

import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { relative } from 'node:path'
import { run } from 'node:test'
import { parseArgs, styleText } from 'node:util'

interface Part {
  readonly name: string
  readonly files: readonly string[]
  /** What it may take at depth 1 before someone should look, in seconds; printed, not enforced. */
  readonly budgetSeconds: number
}

const parts: readonly Part[] = [
  { name: 'walls', files: ['test/*.test.ts'], budgetSeconds: 80 },
  { name: 'unit', files: ['src/**/*.test.ts', 'scripts/*.test.ts'], budgetSeconds: 180 },
  { name: 'vectors', files: ['test/vectors/**/*.test.ts'], budgetSeconds: 20 },
  { name: 'differential', files: ['test/differential/*.test.ts'], budgetSeconds: 60 },
  { name: 'fuzz', files: ['test/fuzz/*.test.ts'], budgetSeconds: 90 },
  { name: 'journeys', files: ['test/journeys/*.test.ts'], budgetSeconds: 270 },
  { name: 'durability', files: ['test/durability/*.test.ts'], budgetSeconds: 120 },
  { name: 'interop', files: ['test/interop/*.test.ts'], budgetSeconds: 90 },
]

interface Tally {
  passed: number
  failed: number
  skipped: number
  seconds: number
}

const { values } = parseArgs({
  options: { depth: { type: 'string', default: '1' }, part: { type: 'string' } },
})
if (!/^[1-9]\d{0,3}$/.test(values.depth)) {
  console.error(`test: error: --depth takes a whole number from 1 to 9999, not "${values.depth}"`)
  process.exit(2)
}
process.env['DEPTH'] = values.depth
const wanted = parts.filter(({ name }) => values.part === undefined || name === values.part)
if (wanted.length === 0) {
  console.error(
    `test: error: no part "${values.part}"; one of ${parts.map((p) => p.name).join(', ')}`,
  )
  process.exit(2)
}

if (values.part === undefined) check()
const tallies = new Map<Part, Tally>()
for (const part of wanted) tallies.set(part, await runPart(part))
report()

function check(): void {
  const { status } = spawnSync(process.execPath, ['scripts/check.ts'], { stdio: 'inherit' })
  if (status === 0) return
  console.log('0 passed, 1 failed')
  process.exit(1)
}

async function runPart(part: Part): Promise<Tally> {
  const files = part.files.flatMap((pattern) => globSync(pattern)).sort()
  const tally: Tally = { passed: 0, failed: 0, skipped: 0, seconds: 0 }
  if (files.length === 0) return tally
  console.log(styleText('bold', `\n${part.name} (${files.length} files)`))
  const started = process.hrtime.bigint()
  const events = run({
    files,
    concurrency: 2,
    execArgv: ['--disable-warning=ExperimentalWarning'],
    timeout: 600_000,
  })
  const slow: { readonly file: string; readonly seconds: number }[] = []
  for await (const { type, data } of events) {
    if (type === 'test:summary' && data.file !== undefined)
      slow.push({ file: relative('.', data.file), seconds: data.duration_ms / 1e3 })
    if (type === 'test:pass' && isLeaf(data)) {
      if (data.skip !== undefined && data.skip !== false) {
        tally.skipped++
        console.log(`  skipped: ${data.name} (${data.skip})`)
      } else tally.passed++
    }
    if (type === 'test:fail' && isLeaf(data)) {
      tally.failed++
      tellFailure(data)
    }
  }
  tally.seconds = Number(process.hrtime.bigint() - started) / 1e9
  for (const { file, seconds } of slow.sort((a, b) => b.seconds - a.seconds).slice(0, 5))
    if (seconds > 5) console.log(`  ${seconds.toFixed(1).padStart(6)} s  ${file}`)
  return tally
}

/** Suites are told by their tests; a file that breaks before its first test is a failure of its own. */
function isLeaf(data: { details: { type?: string | undefined } }): boolean {
  return data.details.type !== 'suite'
}

function tellFailure(data: { name: string; file?: string | undefined; details: { error: Error } }) {
  console.log(styleText('red', `  failed: ${data.name}`))
  console.log(`    in ${data.file ?? '?'}`)
  const cause = data.details.error.cause
  const shown =
    cause instanceof Error ? (cause.stack ?? cause.message) : String(cause ?? data.details.error)
  console.log(
    shown
      .split('\n')
      .slice(0, 30)
      .map((line) => `    ${line}`)
      .join('\n'),
  )
}

function report(): void {
  console.log(
    `\n${'part'.padEnd(14)}${'passed'.padStart(8)}${'failed'.padStart(8)}${'skipped'.padStart(9)}${'seconds'.padStart(9)}${'budget'.padStart(8)}`,
  )
  const sum: Tally = { passed: 0, failed: 0, skipped: 0, seconds: 0 }
  for (const [part, tally] of tallies) {
    console.log(
      part.name.padEnd(14) +
        String(tally.passed).padStart(8) +
        String(tally.failed).padStart(8) +
        String(tally.skipped).padStart(9) +
        tally.seconds.toFixed(1).padStart(9) +
        String(part.budgetSeconds).padStart(8),
    )
    sum.passed += tally.passed
    sum.failed += tally.failed
    sum.skipped += tally.skipped
    sum.seconds += tally.seconds
  }
  console.log(`depth=${values.depth} skipped=${sum.skipped} seconds=${sum.seconds.toFixed(0)}`)
  console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`)
  if (sum.failed > 0 || sum.passed === 0) process.exitCode = 1
  if (process.env['PEERS'] === 'required' && sum.skipped > 0) {
    console.log('test: error: PEERS=required, and something was skipped')
    process.exitCode = 1
  }
}
