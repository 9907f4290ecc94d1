// SPDX-License-Identifier: Apache-2.0
/**
 * The README's test command: types and lint, then every test, then one table of its parts.
 *
 * `--depth N` (default 1) multiplies how much the random tests try; `--part NAME` runs one part.
 * With PEERS=required a missing foreign program is a failure, else its tests are skipped by name.
 */

import { spawnSync } from 'node:child_process'
import { globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { run } from 'node:test'
import { pathToFileURL } from 'node:url'
import { parseArgs, styleText } from 'node:util'

interface Part {
  readonly name: string
  readonly files: readonly string[]
  /** What its files may take together at depth 1 before someone should look, in seconds; printed, not enforced. */
  readonly budgetSeconds: number
  /** How many files share a process, 1 unless said: loading the same modules anew costs more than most tests do. */
  readonly together?: number
}

/** In the order in which they begin: what holds long files first, so that no core waits for the last of them. */
const parts: readonly Part[] = [
  { name: 'walls', files: ['test/*.test.ts'], budgetSeconds: 150 },
  { name: 'fuzz', files: ['test/fuzz/*.test.ts'], budgetSeconds: 120 },
  { name: 'differential', files: ['test/differential/*.test.ts'], budgetSeconds: 60 },
  { name: 'durability', files: ['test/durability/*.test.ts'], budgetSeconds: 180 },
  { name: 'interop', files: ['test/interop/*.test.ts'], budgetSeconds: 400 },
  { name: 'journeys', files: ['test/journeys/*.test.ts'], budgetSeconds: 1100 },
  { name: 'vectors', files: ['test/vectors/**/*.test.ts'], budgetSeconds: 20 },
  { name: 'unit', files: ['src/**/*.test.ts'], budgetSeconds: 800, together: 4 },
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
const batchDirectory = resolve('node_modules/.cache/tests')
// Each file is a process: what one of them compiled, the next one need not.
process.env['NODE_COMPILE_CACHE'] ??= resolve('node_modules/.cache/compile')
const wanted = parts.filter(({ name }) => values.part === undefined || name === values.part)
if (wanted.length === 0) {
  console.error(
    `test: error: no part "${values.part}"; one of ${parts.map((p) => p.name).join(', ')}`,
  )
  process.exit(2)
}

if (values.part === undefined) check()
const tallies = new Map<Part, Tally>(
  wanted.map((part) => [part, { passed: 0, failed: 0, skipped: 0, seconds: 0 }]),
)
const started = process.hrtime.bigint()
await runAll()
report(Number(process.hrtime.bigint() - started) / 1e9)

function check(): void {
  const { status } = spawnSync(process.execPath, ['scripts/check.ts'], { stdio: 'inherit' })
  if (status === 0) return
  console.log('0 passed, 1 failed')
  process.exit(1)
}

/** All files of all parts in one run, three at a time, since many wait more than they work; what they say comes in the order of the files. */
async function runAll(): Promise<void> {
  const partOf = new Map<string, Part>()
  const batches: string[] = []
  rmSync(batchDirectory, { recursive: true, force: true })
  for (const part of wanted) {
    const files = part.files.flatMap((pattern) => globSync(pattern)).map((file) => resolve(file))
    const own = files.sort().filter((file) => !partOf.has(file))
    const made = batched(own, part)
    for (const file of [...own, ...made]) partOf.set(file, part)
    batches.push(...made)
  }
  const slow: { readonly file: string; readonly seconds: number }[] = []
  let told: Part | undefined
  const events = run({
    files: batches,
    concurrency: 3,
    // Of a file that opens a house, a fifth of its time and more is the loading of its modules.
    execArgv: ['--disable-warning=ExperimentalWarning', '--import', resolve('bin/own-modules.ts')],
    timeout: 600_000,
  })
  for await (const { type, data } of events) {
    // The others come as they happen, not in the order of the files.
    if (type !== 'test:summary' && type !== 'test:pass' && type !== 'test:fail') continue
    const part = partOf.get(('file' in data && data.file) || '') ?? told ?? wanted[0]!
    const tally = tallies.get(part)!
    if (part !== told) console.log(styleText('bold', `\n${part.name}`))
    told = part
    if (type === 'test:summary' && data.file !== undefined) {
      const seconds = data.duration_ms / 1e3
      tally.seconds += seconds
      slow.push({ file: relative('.', data.file), seconds })
    }
    if (type === 'test:pass' && isLeaf(data)) {
      if (data.skip !== undefined && data.skip !== false) {
        tally.skipped++
        console.log(`  skipped: ${data.name} (${data.skip})`)
      } else tally.passed++
    }
    if (type === 'test:fail' && !isToldByItsTests(data)) {
      tally.failed++
      tellFailure(data)
    }
  }
  console.log(styleText('bold', '\nslowest'))
  for (const { file, seconds } of slow.sort((a, b) => b.seconds - a.seconds).slice(0, 12))
    console.log(`${seconds.toFixed(1).padStart(8)} s  ${file}`)
}

/** What the runner starts a process for: the files themselves, or a module for each few neighbours that loads them. */
function batched(files: readonly string[], { together = 1 }: Part): readonly string[] {
  if (together === 1) return files
  mkdirSync(batchDirectory, { recursive: true })
  return Array.from({ length: Math.ceil(files.length / together) }, (_, at) => {
    const batch = files.slice(at * together, (at + 1) * together)
    const where = relative('.', dirname(batch[0]!)).replaceAll(sep, '-')
    const path = join(batchDirectory, `${where}-${at + 1}.test.mjs`)
    const hrefs = batch.map((file) => pathToFileURL(file).href)
    // A suite each: what a file does before and after its tests is done for them alone, and at their time.
    const text = `import { suite } from 'node:test'
for (const file of ${JSON.stringify(hrefs)}) suite(file, () => import(file))
`
    writeFileSync(path, text)
    return path
  })
}

function isLeaf(data: { details: { type?: string | undefined } }): boolean {
  return data.details.type !== 'suite'
}

/** What breaks before the first test of a suite or a file, or after the last, is a failure of its own. */
function isToldByItsTests({ details: { error } }: { details: { error: Error } }): boolean {
  return 'failureType' in error && error.failureType === 'subtestsFailed'
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

function report(seconds: number): void {
  console.log(
    `\n${'part'.padEnd(14)}${'passed'.padStart(8)}${'failed'.padStart(8)}${'skipped'.padStart(9)}${'seconds'.padStart(9)}${'budget'.padStart(8)}`,
  )
  const sum = { passed: 0, failed: 0, skipped: 0 }
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
  }
  console.log(`depth=${values.depth} skipped=${sum.skipped} seconds=${seconds.toFixed(0)}`)
  console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`)
  if (sum.failed > 0 || sum.passed === 0) process.exitCode = 1
  if (process.env['PEERS'] === 'required' && sum.skipped > 0) {
    console.log('test: error: PEERS=required, and something was skipped')
    process.exitCode = 1
  }
}
