// SPDX-License-Identifier: Apache-2.0
/**
 * Measures what docs/performance.md tells: `npm run bench [-- --quick] [-- --only issue,est]`.
 *
 * Prints one table and writes bench/results/DATE-COMMIT.json. Every share stands beside its own limit, measured by
 * turns in the same run, since a machine that others use gives no absolute figures. All load stays on the
 * loopback; the processes that it starts end with it.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { withoutPostgres } from '../test/support/postgres.ts'
import { withoutTpm } from '../test/support/tpm.ts'
import { measureApart } from './tools/apart.ts'
import { machineFacts } from './tools/machine.ts'
import type { Row } from './tools/row.ts'
import { printRows, shareOf } from './tools/table.ts'

const { values: asked } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string' } },
})
const { quick } = asked

const issue = quick
  ? { sizes: [10_000], rounds: 1, count: 2_000, clients: 256 }
  : { sizes: [10_000, 100_000], rounds: 3, count: 4_000, clients: 256 }

/** Each in a process of its own, so that none inherits the heap of another. */
const measures = {
  codec: [],
  issue: [{ algorithm: 'p-256', ...issue }],
  'issue-p-384': [{ algorithm: 'p-384', ...issue, sizes: [10_000] }],
  est: [quick ? { rounds: 1, count: 800, clients: 64 } : { rounds: 3, count: 2_000, clients: 64 }],
  attestation: [{ rounds: quick ? 10 : 30 }],
  status: [
    quick ? { rounds: 1, count: 2_000, clients: 32 } : { rounds: 3, count: 6_000, clients: 32 },
  ],
  ocsp: [
    quick
      ? {
          ...{ certificates: 10_000, asked: 2_000, rounds: 1, count: 4_000, clients: 64 },
          strange: 5_000,
        }
      : {
          ...{ certificates: 100_000, asked: 20_000, rounds: 3, count: 40_000, clients: 256 },
          strange: 100_000,
        },
  ],
  rest: [quick ? { rounds: 1, certificates: 10_000 } : { rounds: 3, certificates: 100_000 }],
  compact: [{ certificates: quick ? 100_000 : 1_000_000 }],
  'batch-gcd': [
    quick ? { moduli: [10_000], fresh: 100 } : { moduli: [10_000, 100_000], fresh: 1_000 },
  ],
  archives: [quick ? { rounds: 1, megabytes: 20 } : { rounds: 3, megabytes: 60 }],
  store: [],
  crl: [{ revoked: quick ? 50_000 : 1_000_000 }],
  verify: [
    quick ? { rounds: 1, count: 2_000, clients: 16 } : { rounds: 3, count: 6_000, clients: 16 },
  ],
  gate: [{ rounds: quick ? 2 : 5 }],
  wire: [],
  import: [
    quick ? { devices: 10_000, certificates: 1_000 } : { devices: 100_000, certificates: 5_000 },
  ],
  postgres: [quick ? { rounds: 1, count: 1_000 } : { rounds: 3, count: 4_000 }],
  sessions: [{ rounds: quick ? 20 : 100, known: 0 }],
  scan: [quick ? { megabytes: 100, rounds: 1 } : { megabytes: 1_000, rounds: 1 }],
  pkcs11: [
    quick ? { rounds: 1, count: 5_000, issue: 1_000 } : { rounds: 3, count: 20_000, issue: 4_000 },
  ],
  tpm: [{ rounds: quick ? 1 : 3, count: 2_000 }],
  'boot-artefacts': [
    quick
      ? { kilobytes: 1_000, count: 20, rounds: 1, gigabytes: 1 }
      : { kilobytes: 1_000, count: 100, rounds: 3, gigabytes: 2 },
  ],
  envelopes: [
    quick ? { count: 50, rounds: 1, gigabytes: 1 } : { count: 300, rounds: 3, gigabytes: 2 },
  ],
  'sign-server': [
    quick ? { artefacts: 8, digests: 8, rounds: 1 } : { artefacts: 16, digests: 16, rounds: 2 },
  ],
  'command-line': [{ megabytes: quick ? 50 : 200 }],
  adoption: [{ devices: quick ? 10_000 : 50_000, rounds: quick ? 1 : 3 }],
  bundles: [{ megabytes: 0, rounds: quick ? 1 : 3 }],
  'bundles-large': [{ megabytes: quick ? 256 : 2_048, rounds: 1 }],
} as const

const modules: Readonly<Record<string, readonly [file: string, name: string]>> = {
  codec: ['codec.ts', 'benchCodec'],
  issue: ['issue.ts', 'benchIssue'],
  'issue-p-384': ['issue.ts', 'benchIssue'],
  est: ['est.ts', 'benchEst'],
  attestation: ['attestation.ts', 'benchAttestation'],
  status: ['status.ts', 'benchStatus'],
  ocsp: ['ocsp.ts', 'benchOcsp'],
  rest: ['rest.ts', 'benchRest'],
  'batch-gcd': ['batch-gcd.ts', 'benchBatchGcd'],
  archives: ['archives.ts', 'benchArchives'],
  store: ['store.ts', 'benchStore'],
  crl: ['crl.ts', 'benchCrl'],
  verify: ['verify.ts', 'benchVerify'],
  compact: ['compact.ts', 'benchCompact'],
  gate: ['gate.ts', 'benchGate'],
  wire: ['wire.ts', 'benchWire'],
  import: ['import.ts', 'benchImport'],
  postgres: ['postgres.ts', 'benchPostgres'],
  sessions: ['sessions.ts', 'benchSessions'],
  scan: ['scan.ts', 'benchScan'],
  pkcs11: ['pkcs11.ts', 'benchPkcs11'],
  tpm: ['tpm.ts', 'benchTpm'],
  'boot-artefacts': ['boot-artefacts.ts', 'benchBootArtefacts'],
  envelopes: ['envelopes.ts', 'benchEnvelopes'],
  'sign-server': ['sign-server.ts', 'benchSignServer'],
  'command-line': ['command-line.ts', 'benchCommandLine'],
  adoption: ['adoption.ts', 'benchAdoption'],
  bundles: ['bundles.ts', 'benchBundles'],
  'bundles-large': ['bundles.ts', 'benchLargeBundles'],
}

const wanted =
  asked.only?.split(',') ??
  Object.keys(measures).filter((name) => !quick || (name !== 'store' && name !== 'postgres'))
const rows: Row[] = []
for (const [name, words] of Object.entries(measures)) {
  if (!wanted.includes(name)) continue
  if (name === 'postgres' && withoutPostgres !== false) {
    process.stderr.write(`bench: ${name} left out: ${withoutPostgres}\n`)
    continue
  }
  if ((name === 'attestation' || name === 'tpm') && withoutTpm !== false) {
    process.stderr.write(`bench: ${name} left out: ${withoutTpm}\n`)
    continue
  }
  if (name === 'pkcs11' && spawnSync('softhsm2-util', ['--version']).status !== 0) {
    process.stderr.write(`bench: ${name} left out: softhsm2 is missing\n`)
    continue
  }
  const [file = '', verb = ''] = modules[name] ?? []
  process.stderr.write(`bench: ${name} …\n`)
  rows.push(...(await measureApart(file, verb, words)))
}
console.log()
printRows(rows)
console.log(`\n${writeResults()}`)

/** No name of the machine, no path: only what makes figures comparable. */
function writeResults(): string {
  const date = new Date().toISOString()
  const machine = machineFacts()
  const directory = join(import.meta.dirname, 'results')
  mkdirSync(directory, { recursive: true })
  const name = `${date.slice(0, 19).replaceAll(':', '')}-${commit()}${quick ? '-quick' : ''}.json`
  const results = rows.map((row) => ({ ...row, share: shareOf(row) }))
  const text = JSON.stringify({ date, commit: commit(), quick, machine, results }, null, 2)
  writeFileSync(join(directory, name), `${text}\n`)
  return `bench/results/${name}`
}

function commit(): string {
  try {
    const words = ['rev-parse', '--short', 'HEAD']
    return execFileSync('git', words, { cwd: import.meta.dirname, encoding: 'utf8' }).trim()
  } catch {
    return 'unknown' // an export of the tree, without its history
  }
}
