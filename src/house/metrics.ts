// SPDX-License-Identifier: Apache-2.0
import { BlockList, isIP } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EventType } from '#core/audit/event.ts'
import type { Change, Ledger } from '#core/ledger/ledger.ts'
import type { Route } from '#edge/http/message.ts'
import type { RequestSeen, Witness } from '#edge/http/seen.ts'
import { measuredLedger } from '#edge/metrics/measured-ledger.ts'
import { Metrics } from '#edge/metrics/metrics.ts'
import { metricsRoute } from '#edge/metrics/routes.ts'
import { type Source, Sources } from '#edge/metrics/sources.ts'
import type { Feed } from './feed.ts'
import type { PortName } from './logging.ts'

export interface MetricsMeans {
  /** Networks that may read them, besides this machine: `10.0.0.0/8`. */
  readonly readers: readonly string[]
  /** Hears of each request; MUST NOT throw. */
  readonly journal?: ((port: PortName, seen: RequestSeen) => void) | undefined
  report(what: string, cause: unknown): void
}

type PlainCounter =
  | `vitalsign_certificates_${'issued' | 'revoked' | 'abandoned'}_total`
  | 'vitalsign_key_conflicts_total'

/** Events that are counted by a name of their own. */
const counted = new Map<EventType, PlainCounter>([
  ['certificate-issued', 'vitalsign_certificates_issued_total'],
  ['certificate-revoked', 'vitalsign_certificates_revoked_total'],
  ['certificate-abandoned', 'vitalsign_certificates_abandoned_total'],
  ['key-conflict', 'vitalsign_key_conflicts_total'],
])

/** What the house knows of its own running, for `/metrics` and for the log of requests. */
export class HouseMetrics {
  readonly #metrics = new Metrics()
  readonly #sources: Sources
  readonly #means: MetricsMeans
  readonly #readers: BlockList

  constructor(means: MetricsMeans) {
    this.#means = means
    this.#readers = blockListOf(means.readers)
    this.#sources = new Sources({
      ...{ metrics: this.#metrics, now },
      wait: (milliseconds) => sleep(milliseconds, undefined, { ref: false }),
      report: (source, cause) => means.report(`the figures of ${source} could not be read`, cause),
    })
    // Known from the start, so that the first of them is seen as a rise.
    for (const name of counted.values()) this.#metrics.add(name, {}, 0)
  }

  /** Counts, times and tells on the requests of a port. */
  witness(port: PortName): Witness {
    const metrics = this.#metrics
    const { journal } = this.#means
    return {
      now,
      see: (seen) => {
        const { operation, status, refusal, milliseconds } = seen
        metrics.add('vitalsign_http_requests_total', { port, operation, status: `${status}` })
        metrics.observe('vitalsign_http_request_seconds', { port, operation }, milliseconds / 1_000)
        if (refusal !== undefined) {
          metrics.add('vitalsign_refusals_total', { port, operation, refusal })
        }
        journal?.(port, seen)
      },
    }
  }

  /** The same ledger; its commits are measured. */
  measuring(ledger: Ledger): Ledger {
    return measuredLedger(ledger, this.#metrics, now)
  }

  /** Counts what this node does from now on. */
  follow(feed: Feed): void {
    feed.follow((change) => this.#hear(change))
  }

  add(...sources: readonly Source[]): void {
    this.#sources.add(...sources)
  }

  get route(): Route {
    return metricsRoute({
      mayRead: (address) => this.#readers.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4'),
      page: async () => {
        await this.#sources.refresh()
        return this.#metrics.text()
      },
    })
  }

  #hear({ puts, events }: Change): void {
    for (const { type } of events) {
      const name = counted.get(type)
      if (name !== undefined) this.#metrics.add(name, {})
    }
    for (const { kind, record } of puts) {
      // A job that is given back has run; one that is taken or kept still runs.
      if (kind !== 'job' || record.holder !== null || record.lastRunAt === null) continue
      const task = record.name
      const result = record.lastResult === 'done' ? 'done' : 'failed'
      this.#metrics.add('vitalsign_job_runs_total', { task, result })
    }
  }
}

/** Milliseconds, only forward. */
function now(): number {
  return performance.now()
}

function blockListOf(readers: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of ['127.0.0.0/8', '::1/128', ...readers]) {
    const [address = '', prefix] = network.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(prefix), family)
  }
  return list
}
