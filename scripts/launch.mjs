// SPDX-License-Identifier: Apache-2.0
// The one file that any Node from 20 on can run: it installs what a verb needs (nothing where it is
// there already) and hands over to the project's own Node.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const bin = join(root, 'node_modules', '.bin')
const ownNode = join(bin, 'node')
/** npm's own record of what it installed; it writes it last, so it is missing after a broken-off one. */
const record = join(root, 'node_modules', '.package-lock.json')

/** verb -> [script on the project's Node, whether it needs the development tools, words before the user's] */
const verbs = {
  start: ['bin/vitalsign.ts', false, ['serve']],
  demo: ['demo/demo.ts', false, []],
  'demo:keywatch': ['demo/keywatch.ts', false, []],
  'demo:firmware': ['demo/firmware.ts', false, []],
  test: ['scripts/test.ts', true, []],
  bench: ['bench/bench.ts', true, []],
  check: ['scripts/check.ts', true, []],
  build: ['scripts/build.ts', true, []],
  sbom: ['scripts/sbom.ts', false, []],
  install: [undefined, false, []],
}

const [verb = '', ...rest] = process.argv.slice(2)
if (!Object.hasOwn(verbs, verb)) {
  console.error(`vitalsign: error: no such verb "${verb}"; one of ${Object.keys(verbs).join(', ')}`)
  process.exit(2)
}
const [script, needsTools, before] = verbs[verb]
installWhatIsMissing(needsTools)
if (script !== undefined) run(script, [...before, ...rest])

/** Compares what is installed with the lock file; calls npm only where they differ. */
function installWhatIsMissing(withTools) {
  if (isInstalled(withTools)) return
  console.error('vitalsign: installing what is needed (once) …')
  const done = spawnSync('npm', [...npmCommand(), ...npmOptions(withTools)], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    env: outsideEnvironment(),
  })
  if (done.status === 0 && isInstalled(withTools)) return
  console.error('vitalsign: error: npm could not install the packages')
  console.error(
    'vitalsign: hint: is the npm registry reachable from here? the lines above say more',
  )
  process.exit(3)
}

/**
 * Only adds the tools where the rest is right: `npm ci` begins by deleting all, and a server that
 * was started from here may be running.
 */
function npmCommand() {
  if (!isInstalled(false)) return ['ci']
  rmSync(record) // broken off half-way, the next try must not believe it
  return ['install', '--no-save']
}

/** Said in full, since NODE_ENV and the user's .npmrc may say otherwise. */
function npmOptions(withTools) {
  return [
    ...['--no-audit', '--no-fund', '--loglevel=error', '--include=optional'],
    withTools ? '--include=dev' : '--omit=dev',
  ]
}

/** `npm run` puts our own Node first, and npm would then delete the Node that it runs on. */
function outsideEnvironment() {
  const path = (process.env.PATH ?? '').split(delimiter).filter((one) => one !== bin)
  return { ...process.env, PATH: path.join(delimiter) }
}

/** Whether every package of the lock file that is needed here is there, in its version. */
function isInstalled(withTools) {
  if (!existsSync(ownNode)) return false
  const wanted = packagesOf(join(root, 'package-lock.json'))
  const installed = packagesOf(record)
  return Object.entries(wanted).every(([path, { version, dev, devOptional, optional }]) => {
    // Optional ones are those of other machines, but for our Node.
    if (path === '' || optional || (!withTools && (dev || devOptional))) return true
    return installed[path]?.version === version && existsSync(join(root, path, 'package.json'))
  })
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages
  } catch {
    return {} // no or an unreadable record of an installation: npm makes it anew
  }
}

function run(script, words) {
  // Small young generations: a tenth less memory, for an eighth of the rate of issuing (docs/performance.md).
  const flags = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=8']
  const child = spawn(ownNode, [...flags, join(root, script), ...words], {
    stdio: 'inherit',
    env: {
      ...process.env,
      NODE_COMPILE_CACHE:
        process.env.NODE_COMPILE_CACHE ?? join(root, 'node_modules/.cache/compile'),
    },
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => {
    process.exit(signal === null ? (code ?? 3) : 128 + constants.signals[signal])
  })
}
