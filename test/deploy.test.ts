// SPDX-License-Identifier: Apache-2.0
/** What others run us with: unit, container file, dashboard and alert rules, held to what the program is. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type MetricRow, metricTable } from '#edge/metrics/table.ts'
import { settings } from '#house/configuration.ts'
import { credentialName } from '#house/unlock.ts'

const unitFile = 'deploy/systemd/vitalsign.service'
const unit = readFileSync(unitFile, 'utf8')
const containerFile = readFileSync('deploy/container/Containerfile', 'utf8')

function missing(peer: string): string | false {
  const isHere = spawnSync(peer, ['--version']).error === undefined
  return !isHere && process.env['PEERS'] !== 'required' && `peer not installed: ${peer}`
}

/** Every name under which a scraper keeps our metrics. */
const names = new Set(
  Object.entries<MetricRow>(metricTable).flatMap(([name, { kind }]) =>
    kind === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  ),
)

/** Whatever in an expression begins like a metric of ours. */
function namesIn(expression: string): readonly string[] {
  return expression.match(/\b(?:vitalsign|process|nodejs)_\w+/g) ?? []
}

test('docs/metrics.md says what the table says', () => {
  const rows = readFileSync('docs/metrics.md', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
  const wanted = Object.entries<MetricRow>(metricTable).map(([name, { kind, labels, help }]) => {
    const shown = labels.map((label) => `\`${label}\``).join(', ') || '-'
    return `| \`${name}\` | ${kind} | ${shown} | ${help} |`
  })
  assert.deepEqual(rows, wanted)
})

test('the dashboard shows metrics that exist, on panels that do not overlap', () => {
  const dashboard = JSON.parse(readFileSync('deploy/grafana/vitalsign.json', 'utf8')) as Dashboard
  assert.ok(dashboard.schemaVersion >= 39 && dashboard.uid !== '' && dashboard.title !== '')
  const used = new Set<string>()
  const taken = new Set<string>()
  for (const { id, type, title, gridPos, targets = [] } of dashboard.panels) {
    assert.ok(['row', 'stat', 'timeseries'].includes(type) && title !== '', `panel ${id}`)
    assert.equal(targets.length > 0, type !== 'row', title)
    assert.ok(gridPos.x + gridPos.w <= 24, title)
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        assert.ok(!taken.has(`${x} ${y}`), `${title} overlaps another`)
        taken.add(`${x} ${y}`)
      }
    }
    for (const { expr, refId } of targets) {
      assert.match(refId, /^[A-Z]$/)
      for (const name of namesIn(expr)) used.add(name)
    }
  }
  assert.equal(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length)
  assert.ok(used.size > 20)
  for (const name of used) assert.ok(names.has(name), `${name} is no metric of ours`)
})

const rules = readFileSync('deploy/prometheus/alerts.yml', 'utf8')

test('alerts ask for metrics that exist, and each has a paragraph of what to do', () => {
  const guide = readFileSync('docs/guides/monitor.md', 'utf8')
  const expressions = [...rules.matchAll(/^ +expr: (.*)$/gm)].map(([, expr = '']) => expr)
  const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name = '']) => name)
  assert.ok(alerts.length >= 8 && expressions.length === alerts.length)
  for (const name of expressions.flatMap(namesIn)) {
    assert.ok(names.has(name), `${name} is no metric of ours`)
  }
  for (const alert of alerts) {
    assert.match(guide, new RegExp(`^### ${alert}$`, 'm'))
    assert.ok(rules.includes(`runbook: docs/guides/monitor.md#${alert.toLowerCase()}`), alert)
  }
})

test('promtool takes the alert rules', { skip: missing('promtool') }, () => {
  const judged = spawnSync('promtool', ['check', 'rules', 'deploy/prometheus/alerts.yml'], {
    encoding: 'utf8',
  })
  assert.equal(judged.status, 0, judged.stdout + judged.stderr)
})

test('an alert fires when its time has come, and not before', { skip: missing('promtool') }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'vitalsign-rules-'))
  const series = (name: string, values: string) => ({ series: name, values })
  const alert = (eval_time: string, alertname: string, exp_alerts: readonly unknown[]) => ({
    ...{ eval_time, alertname, exp_alerts },
  })
  const fired = (alertname: string, labels: object, summary: string, severity: string) => ({
    exp_labels: { ...labels, severity },
    exp_annotations: {
      summary,
      runbook: `docs/guides/monitor.md#${alertname.toLowerCase()}`,
    },
  })
  const of = { job: 'vitalsign' }
  const cases = {
    rule_files: [join(process.cwd(), 'deploy/prometheus/alerts.yml')],
    evaluation_interval: '1m',
    tests: [
      {
        interval: '1m',
        input_series: [
          series('vitalsign_ready{job="vitalsign",instance="a"}', '1 1 0x20'),
          series('vitalsign_log_lag_seconds{job="vitalsign"}', '0x5 90x20'),
          series(
            'vitalsign_key_backend_up{backend="pkcs11",instance="a",job="vitalsign"}',
            '1 1 0x20',
          ),
          series('vitalsign_key_backend_up{backend="tpm",instance="b",job="vitalsign"}', '1x40'),
          series(
            'vitalsign_key_signatures_failed_total{backend="tpm",instance="b",job="vitalsign"}',
            '0x5 1+1x30',
          ),
          series('vitalsign_job_failing{job="vitalsign",task="crl-refresh"}', '1x5 3x20'),
          series(
            'vitalsign_crl_next_update_timestamp_seconds{job="vitalsign",authority="issuing"}',
            '4200x30',
          ),
          // Of a server that answers for ten minutes, and then no more.
          series(
            'vitalsign_crl_this_update_timestamp_seconds{job="vitalsign",authority="gone"}',
            '0x10',
          ),
          series(
            'vitalsign_crl_next_update_timestamp_seconds{job="vitalsign",authority="gone"}',
            '14400x10',
          ),
        ],
        alert_rule_test: [
          alert('3m', 'VitalsignNotReady', []),
          alert('5m', 'VitalsignNotReady', [
            fired(
              ...(['VitalsignNotReady', { ...of, instance: 'a' }] as const),
              ...(['a serves no devices', 'critical'] as const),
            ),
          ]),
          alert('2m', 'VitalsignKeysAway', []),
          alert('4m', 'VitalsignKeysAway', [
            fired(
              ...(['VitalsignKeysAway', { ...of, instance: 'a', backend: 'pkcs11' }] as const),
              ...(['a cannot sign with keys in pkcs11', 'critical'] as const),
            ),
          ]),
          alert('15m', 'VitalsignSignaturesFailing', []),
          alert('25m', 'VitalsignSignaturesFailing', [
            fired(
              ...([
                'VitalsignSignaturesFailing',
                { ...of, instance: 'b', backend: 'tpm' },
              ] as const),
              ...(['signatures with keys in tpm fail again and again on b', 'warning'] as const),
            ),
          ]),
          alert('10m', 'VitalsignCheckpointOld', [
            fired(
              ...(['VitalsignCheckpointOld', of] as const),
              ...(['events have been without a checkpoint for 90 s', 'warning'] as const),
            ),
          ]),
          alert('5m', 'VitalsignJobFailing', []),
          alert('15m', 'VitalsignJobFailing', [
            fired(
              ...(['VitalsignJobFailing', { ...of, task: 'crl-refresh' }] as const),
              ...(['a job failed 3 times in a row: crl-refresh', 'warning'] as const),
            ),
          ]),
          alert('115m', 'VitalsignCrlHalfLife', []),
          alert('130m', 'VitalsignCrlHalfLife', [
            fired(
              ...(['VitalsignCrlHalfLife', { ...of, authority: 'gone' }] as const),
              ...([
                'the newest revocation list of gone is past half of its life, whether the server is there or not',
                'warning',
              ] as const),
            ),
          ]),
          alert('10m', 'VitalsignCrlStale', []),
          alert('20m', 'VitalsignCrlStale', [
            fired(
              ...(['VitalsignCrlStale', { ...of, authority: 'issuing' }] as const),
              ...(['a revocation list of issuing ends within the hour', 'critical'] as const),
            ),
          ]),
        ],
      },
    ],
  }
  const file = join(directory, 'cases.json')
  writeFileSync(file, JSON.stringify(cases)) // JSON is YAML
  const judged = spawnSync('promtool', ['test', 'rules', file], { encoding: 'utf8' })
  rmSync(directory, { recursive: true })
  assert.equal(judged.status, 0, judged.stdout + judged.stderr)
})

test('the unit waits longer than the server needs to stop, and hands the passphrase over by its name', () => {
  assert.match(unit, new RegExp(`^LoadCredentialEncrypted=${credentialName}:`, 'm'))
  const stops = Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1])
  assert.ok(stops >= 45, 'doors drain for 20 s each')
  assert.doesNotMatch(unit, /^MemoryDenyWriteExecute=/m)
  assert.doesNotMatch(unit, /^Environment=.*(?:pass|secret|key)/im)
})

/** systemd's own judgement is of 0 (nothing can be done with it) to 10. */
const mostExposure = 20

test('systemd understands the unit, and finds it well fenced in', {
  skip: missing('systemd-analyze'),
}, () => {
  const directory = mkdtempSync(join(tmpdir(), 'vitalsign-unit-'))
  const file = join(directory, 'vitalsign.service')
  const program = join(directory, 'program')
  writeFileSync(program, '#!/bin/sh\n')
  chmodSync(program, 0o755)
  // systemd looks whether the programs are there.
  writeFileSync(file, unit.replaceAll(/^(Exec\w+)=\S+/gm, `$1=${program}`))
  const analyze = (...words: readonly string[]) => {
    const judged = spawnSync('systemd-analyze', [...words, file], { encoding: 'utf8' })
    assert.equal(judged.status, 0, judged.stdout + judged.stderr)
    return judged.stdout + judged.stderr
  }
  try {
    assert.doesNotMatch(analyze('verify', '--man=no'), /vitalsign\.service:/)
    analyze('security', '--offline=true', `--threshold=${mostExposure}`)
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test('every file that the container copies is there, and nothing runs as root', () => {
  const [build = '', final = ''] = containerFile.split(/^FROM /m).slice(1)
  for (const [, words = ''] of build.matchAll(/^COPY (.*)$/gm)) {
    for (const source of words.split(' ').slice(0, -1)) assert.ok(existsSync(source), source)
  }
  for (const needed of ['bin', 'src', 'docs', 'deploy', 'clients', 'scripts', 'tsconfig.json']) {
    assert.match(build, new RegExp(`^COPY .*\\b${needed}\\b`, 'm'))
  }
  assert.match(final, /^USER (?!root|0)\S+$/m)
  assert.doesNotMatch(final.slice(final.indexOf('\nUSER ')), /^(RUN|COPY|ADD) /m)
  const served = JSON.parse(/^CMD (\[.*\])$/m.exec(final)?.[1] ?? '[]') as string[]
  assert.equal(served[0], 'serve')
  for (const word of served.filter((one) => one.startsWith('--'))) {
    assert.ok(Object.hasOwn(settings, word.slice(2)), `${word} is no option of serve`)
  }
})

test('what unit and container call in the package is packed', () => {
  for (const text of [unit, containerFile]) {
    const called = [...text.matchAll(/node_modules\/vitalsign\/([\w./-]+\.mjs)/g)]
    assert.ok(called.length > 0)
    for (const [, path = ''] of called) assert.ok(existsSync(path), path)
  }
  assert.ok(globSync('deploy/**/*').length > 0)
})

interface Dashboard {
  readonly uid: string
  readonly title: string
  readonly schemaVersion: number
  readonly panels: readonly {
    readonly id: number
    readonly type: string
    readonly title: string
    readonly gridPos: Record<'x' | 'y' | 'w' | 'h', number>
    readonly targets?: readonly { readonly expr: string; readonly refId: string }[]
  }[]
}
