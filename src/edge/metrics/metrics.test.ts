// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { Metrics } from './metrics.ts'
import { metricTable } from './table.ts'

const noJudge =
  spawnSync('promtool', ['--version']).error !== undefined &&
  process.env['PEERS'] !== 'required' &&
  'peer not installed: promtool'

test('a counter grows by series, and a gauge is what it was set to last', () => {
  const metrics = new Metrics()
  const labels = { port: 'devices', operation: 'est-simpleenroll', status: '200' }
  metrics.add('vitalsign_http_requests_total', labels)
  metrics.add('vitalsign_http_requests_total', { ...labels }, 2)
  metrics.add('vitalsign_http_requests_total', { ...labels, status: '401' })
  metrics.set('vitalsign_commits_waiting', {}, 3)
  metrics.set('vitalsign_commits_waiting', {}, 1)
  assert.deepEqual(valuesIn(metrics.text()), [
    'vitalsign_http_requests_total{port="devices",operation="est-simpleenroll",status="200"} 3',
    'vitalsign_http_requests_total{port="devices",operation="est-simpleenroll",status="401"} 1',
    'vitalsign_commits_waiting 1',
  ])
})

test('a histogram counts each bound with all below it, and what is beyond the last one', () => {
  const metrics = new Metrics()
  for (const seconds of [0.001, 0.002, 0.3, 60]) {
    metrics.observe('vitalsign_commit_seconds', {}, seconds)
  }
  const lines = valuesIn(metrics.text())
  const bucket = (bound: string) => `vitalsign_commit_seconds_bucket{le="${bound}"}`
  assert.ok(lines.includes(`${bucket('0.001')} 1`))
  assert.ok(lines.includes(`${bucket('0.0025')} 2`))
  assert.ok(lines.includes(`${bucket('0.5')} 3`))
  assert.ok(lines.includes(`${bucket('10')} 3`))
  assert.ok(lines.includes(`${bucket('+Inf')} 4`))
  assert.ok(lines.includes('vitalsign_commit_seconds_count 4'))
  assert.ok(lines.some((line) => line.startsWith('vitalsign_commit_seconds_sum 60.303')))
})

test('what a label holds cannot break the page', () => {
  const metrics = new Metrics()
  metrics.set('vitalsign_job_failing', { task: 'a"b\\c\nd' }, 1)
  assert.deepEqual(valuesIn(metrics.text()), ['vitalsign_job_failing{task="a\\"b\\\\c\\nd"} 1'])
})

test('a metric that is cleared is off the page', () => {
  const metrics = new Metrics()
  metrics.set('vitalsign_log_size', {}, 1)
  metrics.clear('vitalsign_log_size')
  assert.equal(metrics.text(), '\n')
})

test('no label could hold a serial, a path or an address', () => {
  const known = new Set(
    'version node_version environment node check source port operation status refusal why fault authority task result severity state backend upstream integration kind'.split(
      ' ',
    ),
  )
  for (const [name, { labels }] of Object.entries(metricTable)) {
    for (const label of labels) assert.ok(known.has(label), `${name} has a label ${label}`)
  }
})

test('promtool finds nothing to say against a page with every metric', { skip: noJudge }, () => {
  const metrics = new Metrics()
  for (const [name, { kind, labels }] of Object.entries(metricTable)) {
    const values = Object.fromEntries(labels.map((label) => [label, 'a']))
    const write = metrics as unknown as Record<string, (...words: unknown[]) => void>
    write[kind === 'histogram' ? 'observe' : 'set']?.call(metrics, name, values, 1)
  }
  const judged = spawnSync('promtool', ['check', 'metrics'], {
    input: metrics.text(),
    encoding: 'utf8',
  })
  assert.equal(judged.status, 0, judged.stdout + judged.stderr)
})

function valuesIn(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
}
