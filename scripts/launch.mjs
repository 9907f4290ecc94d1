// SPDX-License-Identifier: Apache-2.0
// The one file that any Node from 20 on can run: it installs what a verb needs (nothing where it is
// there already) and hands over to the project's own Node.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const ownNode = join(root, 'node_modules', '.bin', 'node')

/** verb -> [script on the project's Node, whether it needs the development tools] */
const verbs = {
  start: ['bin/vitalsign.ts', false, ['serve']],
  demo: ['demo/demo.ts', false, []],
  test: ['scripts/test.ts', true, []],
  bench: ['bench/bench.ts', true, []],
  check: ['scripts/check.ts', true, []],
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
  if (existsSync(ownNode) && (!withTools || existsSync(join(root, 'node_modules', 'typescript')))) {
    if (installedMatchesLock()) return
  }
  console.error('vitalsign: installing what is needed (once) …')
  const words = [
    'ci',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    ...(withTools ? [] : ['--omit=dev']),
  ]
  const done = spawnSync('npm', words, { cwd: root, stdio: ['ignore', 2, 2] })
  if (done.status !== 0) {
    console.error('vitalsign: error: npm could not install the packages')
    console.error(
      'vitalsign: hint: is the npm registry reachable from here? the lines above say more',
    )
    process.exit(3)
  }
}

function installedMatchesLock() {
  try {
    const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
    const installed = JSON.parse(
      readFileSync(join(root, 'node_modules', '.package-lock.json'), 'utf8'),
    ).packages
    return Object.entries(installed).every(([path, entry]) => lock[path]?.version === entry.version)
  } catch {
    return false // no or unreadable record of an installation: npm makes it anew
  }
}

function run(script, words) {
  const flags = ['--disable-warning=ExperimentalWarning']
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
    if (signal !== null) process.exit(128 + 15)
    process.exit(code ?? 3)
  })
}
