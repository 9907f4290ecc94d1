// SPDX-License-Identifier: Apache-2.0
import type { Metrics } from './metrics.ts'
import type { LabelsOf, MetricName, NameOf } from './table.ts'

/** Writes one figure of a reading. */
export type Give = <N extends NameOf<'counter' | 'gauge'>>(
  name: N,
  labels: LabelsOf<N>,
  value: number,
) => void

/** Figures that are not counted as they happen but looked up when somebody asks. */
export interface Source {
  readonly name: string
  /** All that it gives; what a reading leaves out is gone. */
  readonly gives: readonly NameOf<'counter' | 'gauge'>[]
  /** A reading is good for so long: a count of many records is not made at every look. */
  readonly keepMilliseconds: number
  read(give: Give): Promise<void> | void
}

export interface SourcePorts {
  readonly metrics: Metrics
  /** A clock that only goes forward, in milliseconds. */
  now(): number
  /** Resolves after the time. */
  wait(milliseconds: number): Promise<void>
  /** Hears why a source could not be read; MUST NOT throw. */
  report(source: string, cause: unknown): void
}

/** Prometheus gives up on a page after ten seconds. */
const patienceMilliseconds = 3_000

/**
 * Reads sources into the metrics, each within a bound. A source that breaks or hangs takes its figures
 * off the page and says so in `vitalsign_source_up`; the others stay.
 */
export class Sources {
  readonly #ports: SourcePorts
  readonly #sources: Source[] = []
  readonly #readAt = new Map<Source, number>()
  readonly #reading = new Map<Source, Promise<void>>()

  constructor(ports: SourcePorts) {
    this.#ports = ports
  }

  add(...sources: readonly Source[]): void {
    this.#sources.push(...sources)
  }

  async refresh(): Promise<void> {
    await Promise.all(this.#sources.map((source) => this.#bounded(source)))
  }

  async #bounded(source: Source): Promise<void> {
    const { metrics, wait } = this.#ports
    let hangs = true
    await Promise.race([
      this.#fresh(source).finally(() => {
        hangs = false
      }),
      wait(patienceMilliseconds),
    ])
    if (!hangs) return
    for (const name of source.gives) metrics.clear(name)
    metrics.set('vitalsign_source_up', { source: source.name }, 0)
  }

  /** Those who ask while it is read get the same reading. */
  #fresh(source: Source): Promise<void> {
    const under = this.#reading.get(source)
    if (under !== undefined) return under
    const at = this.#readAt.get(source)
    const now = this.#ports.now()
    if (at !== undefined && now - at < source.keepMilliseconds) return Promise.resolve()
    const reading = this.#read(source).finally(() => this.#reading.delete(source))
    this.#reading.set(source, reading)
    return reading
  }

  async #read(source: Source): Promise<void> {
    const { metrics, now, report } = this.#ports
    const given: (() => void)[] = []
    let up = 1
    try {
      await source.read((name, labels, value) => given.push(() => metrics.set(name, labels, value)))
      this.#readAt.set(source, now())
    } catch (cause) {
      // Whatever it was: the page has the rest, and the report has the cause.
      up = 0
      given.length = 0
      this.#readAt.delete(source)
      report(source.name, cause)
    }
    const gives: readonly MetricName[] = source.gives
    for (const name of gives) metrics.clear(name)
    for (const write of given) write()
    metrics.set('vitalsign_source_up', { source: source.name }, up)
  }
}
