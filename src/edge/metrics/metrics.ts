// SPDX-License-Identifier: Apache-2.0
import {
  type LabelsOf,
  type MetricName,
  type MetricRow,
  metricTable,
  type NameOf,
  secondsBuckets,
} from './table.ts'

/** One value of a metric; for a histogram its count, its sum, and how many fell into each bucket. */
interface Series {
  readonly labels: Readonly<Record<string, string>>
  value: number
  sum: number
  readonly buckets: number[]
}

/**
 * The figures of this process, in plain numbers: to count costs a look-up, and nothing is kept but one
 * series for each set of labels that occurred.
 */
export class Metrics {
  readonly #series = new Map<MetricName, Map<string, Series>>()

  /** Counters only grow. */
  add<N extends NameOf<'counter'>>(name: N, labels: LabelsOf<N>, by = 1): void {
    this.#of(name, labels).value += by
  }

  set<N extends NameOf<'counter' | 'gauge'>>(name: N, labels: LabelsOf<N>, value: number): void {
    this.#of(name, labels).value = value
  }

  observe<N extends NameOf<'histogram'>>(name: N, labels: LabelsOf<N>, seconds: number): void {
    const series = this.#of(name, labels)
    series.value++
    series.sum += seconds
    // The first bucket that holds it; the text adds them up.
    const place = secondsBuckets.findIndex((bound) => seconds <= bound)
    if (place !== -1) series.buckets[place] = (series.buckets[place] ?? 0) + 1
  }

  /** Forgets every series of a metric, as before it is read anew. */
  clear(name: MetricName): void {
    this.#series.delete(name)
  }

  /** The text exposition format, version 0.0.4; a metric without series is left out. */
  text(): string {
    const lines: string[] = []
    for (const [name, { kind, help }] of Object.entries<MetricRow>(metricTable)) {
      const all = this.#series.get(name as MetricName)
      if (all === undefined) continue
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`)
      for (const series of all.values()) {
        if (kind === 'histogram') lines.push(...histogramLines(name, series))
        else lines.push(`${name}${labelText(series.labels)} ${series.value}`)
      }
    }
    return `${lines.join('\n')}\n`
  }

  #of<N extends MetricName>(name: N, labels: LabelsOf<N>): Series {
    let all = this.#series.get(name)
    if (all === undefined) {
      all = new Map()
      this.#series.set(name, all)
    }
    const values: Readonly<Record<string, string>> = labels
    const row: MetricRow = metricTable[name]
    let key = ''
    for (const label of row.labels) key += `${values[label]}\0`
    let series = all.get(key)
    if (series === undefined) {
      const isHistogram = row.kind === 'histogram'
      series = { labels, value: 0, sum: 0, buckets: isHistogram ? secondsBuckets.map(() => 0) : [] }
      all.set(key, series)
    }
    return series
  }
}

function histogramLines(name: string, { labels, value, sum, buckets }: Series): readonly string[] {
  let below = 0
  const bounds = secondsBuckets.map((bound, place) => {
    below += buckets[place] ?? 0
    return `${name}_bucket${labelText({ ...labels, le: `${bound}` })} ${below}`
  })
  return [
    ...bounds,
    `${name}_bucket${labelText({ ...labels, le: '+Inf' })} ${value}`,
    `${name}_sum${labelText(labels)} ${sum}`,
    `${name}_count${labelText(labels)} ${value}`,
  ]
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
