// SPDX-License-Identifier: Apache-2.0
/** The figures that are looked up when somebody asks for them. */
import { X509Certificate } from 'node:crypto'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { parseEvent } from '#core/audit/encode-event.ts'
import type { LogStore } from '#core/audit/log-store.ts'
import { openByKind } from '#core/keywatch/open-findings.ts'
import { watchState } from '#core/keywatch/state.ts'
import { allOf } from '#core/watch/pages.ts'
import type { FrontCounts, HandshakeFailure } from '#edge/http/counts.ts'
import type { Give, Source } from '#edge/metrics/sources.ts'
import type { Readiness } from '#edge/status/routes.ts'
import type { Core } from './core.ts'

/** What counts many records is not counted at each scrape: ten million take a second of the reader. */
const long = 300_000

export interface BuildFacts {
  readonly version: string
  readonly environment: string
  readonly node: string
}

/** The process itself; the event loop is watched from here on. */
export function processSource(build: BuildFacts): Source {
  const { version, environment, node } = build
  const delay = monitorEventLoopDelay({ resolution: 20 })
  delay.enable()
  const startedAt = performance.timeOrigin / 1_000
  return {
    name: 'process',
    keepMilliseconds: 0,
    gives: [
      'process_cpu_seconds_total',
      'process_resident_memory_bytes',
      'process_start_time_seconds',
      'nodejs_heap_used_bytes',
      'nodejs_eventloop_lag_p99_seconds',
      'vitalsign_build_info',
      'vitalsign_node_info',
    ],
    read: (give) => {
      const { user, system } = process.cpuUsage()
      const { rss, heapUsed } = process.memoryUsage()
      give('process_cpu_seconds_total', {}, (user + system) / 1e6)
      give('process_resident_memory_bytes', {}, rss)
      give('process_start_time_seconds', {}, startedAt)
      give('nodejs_heap_used_bytes', {}, heapUsed)
      give('nodejs_eventloop_lag_p99_seconds', {}, delay.percentile(99) / 1e9)
      delay.reset()
      give('vitalsign_build_info', { version, node_version: process.version }, 1)
      give('vitalsign_node_info', { environment, node }, 1)
    },
  }
}

/** The fronts' own counts. */
export function frontSource(
  fronts: Readonly<Record<string, { counts(): Readonly<FrontCounts> }>>,
): Source {
  return {
    name: 'fronts',
    keepMilliseconds: 0,
    gives: [
      'vitalsign_connections_total',
      'vitalsign_connections_refused_total',
      'vitalsign_requests_malformed_total',
      'vitalsign_requests_too_slow_total',
      'vitalsign_tls_handshakes_total',
      'vitalsign_tls_handshakes_by_version_total',
      'vitalsign_tls_handshakes_failed_total',
    ],
    read: (give) => {
      for (const [port, front] of Object.entries(fronts)) giveFront(give, port, front.counts())
    },
  }
}

function giveFront(give: Give, port: string, counts: Readonly<FrontCounts>): void {
  give('vitalsign_connections_total', { port }, counts.connections)
  give('vitalsign_connections_refused_total', { port }, counts.connectionsRefused)
  give('vitalsign_requests_malformed_total', { port }, counts.requestsMalformed)
  give('vitalsign_requests_too_slow_total', { port }, counts.requestsTooSlow)
  if (port === 'status') return
  give('vitalsign_tls_handshakes_total', { port }, counts.handshakes)
  for (const [version, count] of Object.entries(counts.handshakesBy)) {
    give('vitalsign_tls_handshakes_by_version_total', { port, version }, count)
  }
  for (const [why, count] of Object.entries(counts.handshakesFailedBy)) {
    give('vitalsign_tls_handshakes_failed_total', { port, why: why as HandshakeFailure }, count)
  }
}

/** What `/readyz` says. */
export function readinessSource(readiness: () => Promise<readonly Readiness[]>): Source {
  return {
    name: 'readiness',
    keepMilliseconds: 0,
    gives: ['vitalsign_ready', 'vitalsign_ready_check'],
    read: async (give) => {
      const checks = await readiness()
      give('vitalsign_ready', {}, checks.every(({ ready }) => ready) ? 1 : 0)
      for (const { name, ready } of checks) {
        give('vitalsign_ready_check', { check: name }, ready ? 1 : 0)
      }
    },
  }
}

/** The figures of an open house. */
export function houseSources(core: Core, log: LogStore): readonly Source[] {
  return [
    logSource(core, log),
    crlSource(core),
    ocspSource(core),
    keySource(core),
    jobSource(core),
    certificateSource(core),
    silentSource(core),
    waitingSource(core),
    upstreamSource(core),
    integrationSource(core),
    keywatchSource(core),
    signatureSource(core),
  ]
}

/** Of more waiting events than this only so many are counted. */
const mostWaiting = 1_000

function logSource({ clock }: Core, log: LogStore): Source {
  return {
    name: 'log',
    keepMilliseconds: 0,
    gives: ['vitalsign_log_size', 'vitalsign_log_events_waiting', 'vitalsign_log_lag_seconds'],
    read: async (give) => {
      const [head, waiting] = [await log.head(), await log.waiting(mostWaiting)]
      const covered = head.checkpoint?.size ?? 0
      const numbered = head.size - covered
      // Numbered and not yet under a checkpoint is older than what still waits for its number.
      const [oldest] = numbered > 0 ? await log.events(covered, 1) : []
      const bytes = oldest === undefined ? waiting[0]?.bytes : oldest.body?.bytes
      const at = bytes === undefined ? undefined : parseEvent(bytes).at
      const lag = at === undefined ? 0 : at.until(clock.now()).total('seconds')
      give('vitalsign_log_size', {}, head.size)
      give('vitalsign_log_events_waiting', {}, numbered + waiting.length)
      give('vitalsign_log_lag_seconds', {}, Math.max(0, lag))
    },
  }
}

function crlSource({ shelf, statusFiles, doors }: Core): Source {
  return {
    name: 'crl',
    keepMilliseconds: 0,
    gives: [
      'vitalsign_crl_this_update_timestamp_seconds',
      'vitalsign_crl_next_update_timestamp_seconds',
      'vitalsign_crl_failing',
      'vitalsign_status_files_failing',
    ],
    read: (give) => {
      for (const { id, name: authority } of doors.own) {
        const lists = shelf.held(id)
        if (lists.length === 0) continue
        const [made, ends] = [
          lists.map(({ thisUpdate }) => unixSeconds(thisUpdate)),
          lists.map(({ nextUpdate }) => unixSeconds(nextUpdate)),
        ]
        give('vitalsign_crl_this_update_timestamp_seconds', { authority }, Math.min(...made))
        give('vitalsign_crl_next_update_timestamp_seconds', { authority }, Math.min(...ends))
      }
      give('vitalsign_crl_failing', {}, shelf.troubles.length)
      give('vitalsign_status_files_failing', {}, statusFiles.troubles.length)
    },
  }
}

function ocspSource({ ocsp, doors }: Core): Source {
  return {
    name: 'ocsp',
    keepMilliseconds: 0,
    gives: [
      'vitalsign_ocsp_answers_total',
      'vitalsign_ocsp_over_budget_total',
      'vitalsign_ocsp_answers_kept',
      'vitalsign_ocsp_answers_kept_bytes',
      'vitalsign_ocsp_responder_not_after_timestamp_seconds',
    ],
    read: (give) => {
      const { overBudget, ...answers } = ocsp.counts
      for (const [result, count] of Object.entries(answers))
        give('vitalsign_ocsp_answers_total', { result }, count)
      give('vitalsign_ocsp_over_budget_total', {}, overBudget)
      give('vitalsign_ocsp_answers_kept', {}, ocsp.kept.entries)
      give('vitalsign_ocsp_answers_kept_bytes', {}, ocsp.kept.bytes)
      for (const { authority: id, notAfter } of ocsp.responders.known) {
        const authority = doors.authorities.find((one) => one.id === id)?.name ?? id
        const figure = 'vitalsign_ocsp_responder_not_after_timestamp_seconds'
        give(figure, { authority }, unixSeconds(notAfter))
      }
    },
  }
}

/** `backend` is its kind: which token it is, the configuration says. */
function keySource({ keyBackends }: Core): Source {
  return {
    name: 'keys',
    keepMilliseconds: 0,
    gives: [
      'vitalsign_key_backend_up',
      'vitalsign_key_signatures_total',
      'vitalsign_key_signatures_failed_total',
      'vitalsign_key_signatures_waiting',
      'vitalsign_key_backend_restarts_total',
    ],
    read: (give) => {
      for (const {
        kind: backend,
        state,
        signatures,
        failures,
        waiting,
        restarts,
      } of keyBackends()) {
        give('vitalsign_key_backend_up', { backend }, state === 'up' ? 1 : 0)
        give('vitalsign_key_signatures_total', { backend }, signatures)
        give('vitalsign_key_signatures_failed_total', { backend }, failures)
        give('vitalsign_key_signatures_waiting', { backend }, waiting)
        give('vitalsign_key_backend_restarts_total', { backend }, restarts)
      }
    },
  }
}

/** The jobs' table has one row a job. */
const mostJobs = 100

function jobSource({ ledger }: Core): Source {
  return {
    name: 'jobs',
    keepMilliseconds: 0,
    gives: [
      'vitalsign_job_failing',
      'vitalsign_job_last_run_timestamp_seconds',
      'vitalsign_job_last_success_timestamp_seconds',
    ],
    read: async (give) => {
      const { items } = await ledger.list('job', { limit: mostJobs })
      for (const { name: task, lastRunAt, lastGoodAt, lastResult } of items) {
        if (lastRunAt === null) continue
        const failures = /^failed (\d+)/.exec(lastResult ?? '')?.[1]
        give('vitalsign_job_failing', { task }, Number(failures ?? 0))
        give('vitalsign_job_last_run_timestamp_seconds', { task }, unixSeconds(lastRunAt))
        if (lastGoodAt === null) continue
        give('vitalsign_job_last_success_timestamp_seconds', { task }, unixSeconds(lastGoodAt))
      }
    },
  }
}

/** What was found about keys changes by the hour, and is told by alarms besides. */
function keywatchSource(core: Core): Source {
  return {
    name: 'keywatch',
    keepMilliseconds: 60_000,
    gives: [
      'vitalsign_key_findings_open',
      'vitalsign_keys_watched',
      'vitalsign_keywatch_last_run_timestamp_seconds',
      'vitalsign_keywatch_paused',
      'vitalsign_moduli_compared',
    ],
    read: async (give) => {
      const { paused, keys, primes, lastRunAt } = await watchState(core.ledger)
      for (const [kind, count] of Object.entries(await openByKind(core.ledger)))
        give('vitalsign_key_findings_open', { kind }, count)
      give('vitalsign_keys_watched', {}, keys?.keys ?? 0)
      give('vitalsign_keywatch_paused', {}, paused === null ? 0 : 1)
      give('vitalsign_moduli_compared', {}, primes?.moduli ?? 0)
      if (lastRunAt === null) return
      const last = Temporal.Instant.from(lastRunAt)
      give('vitalsign_keywatch_last_run_timestamp_seconds', {}, unixSeconds(last))
    },
  }
}

function signatureSource({ signatures }: Core): Source {
  return {
    name: 'signatures',
    keepMilliseconds: 0,
    gives: ['vitalsign_signatures_passed_over_total'],
    read: (give) => give('vitalsign_signatures_passed_over_total', {}, signatures.passedOver()),
  }
}

const severities = ['notice', 'warning', 'critical'] as const

/** What somebody should look at. */
function upstreamSource({ doors, ledger, upstreams }: Core): Source {
  return {
    name: 'upstreams',
    keepMilliseconds: 15_000,
    gives: [
      'vitalsign_upstream_up',
      'vitalsign_upstream_orders_open',
      'vitalsign_upstream_credential_not_after_timestamp_seconds',
    ],
    read: async (give) => {
      for (const { upstream } of doors.upstreams) {
        const { id, name, credentialEndsAt } = upstream
        const isUp = upstreams.health.troubleOf(id) === undefined
        give('vitalsign_upstream_up', { upstream: name }, isUp ? 1 : 0)
        const open = { by: 'upstream', equal: [id, 'open'] } as const
        const count = await ledger.count('upstreamOrder', open)
        give('vitalsign_upstream_orders_open', { upstream: name }, count)
        if (credentialEndsAt === null) continue
        const figure = 'vitalsign_upstream_credential_not_after_timestamp_seconds'
        give(figure, { upstream: name }, unixSeconds(credentialEndsAt))
      }
    },
  }
}

function integrationSource({ ledger }: Core): Source {
  return {
    name: 'integrations',
    keepMilliseconds: 15_000,
    gives: ['vitalsign_integration_up', 'vitalsign_enforcements_open'],
    read: async (give) => {
      const walk = { by: 'state', equal: ['active'] } as const
      for await (const { id, name, trouble } of allOf('integration', ledger, walk)) {
        give('vitalsign_integration_up', { integration: name }, trouble === null ? 1 : 0)
        const open = await Promise.all(
          (['waiting', 'failed'] as const).map((state) =>
            ledger.list('enforcement', { by: 'integration', equal: [id, state], limit: 1000 }),
          ),
        )
        const count = open.reduce((sum, { items }) => sum + items.length, 0)
        give('vitalsign_enforcements_open', { integration: name }, Math.min(count, 1000))
      }
    },
  }
}

function waitingSource({ ledger }: Core): Source {
  return {
    name: 'waiting',
    keepMilliseconds: 15_000,
    gives: [
      'vitalsign_alarms_open',
      'vitalsign_enrolments_waiting',
      'vitalsign_deliveries',
      'vitalsign_backup_last_timestamp_seconds',
    ],
    read: async (give) => {
      for (const severity of severities) {
        const open = { by: 'severity', equal: ['open', severity] } as const
        give('vitalsign_alarms_open', { severity }, await ledger.count('alarm', open))
      }
      const waiting = { by: 'state', equal: ['waiting'] } as const
      give('vitalsign_enrolments_waiting', {}, await ledger.count('request', waiting))
      const newest = { by: 'made', descending: true, limit: 1 } as const
      for (const { madeAt } of (await ledger.list('backup', newest)).items) {
        give('vitalsign_backup_last_timestamp_seconds', {}, unixSeconds(madeAt))
      }
      for (const state of ['waiting', 'failed'] as const) {
        const unsent = { by: 'state', equal: [state] } as const
        give('vitalsign_deliveries', { state }, await ledger.count('delivery', unsent))
      }
    },
  }
}

/** A certificate that ends within this is told as expiring. */
const soon = Temporal.Duration.from({ hours: 30 * 24 })

function certificateSource({ ledger, clock }: Core): Source {
  return {
    name: 'certificates',
    keepMilliseconds: long,
    gives: ['vitalsign_certificates_current', 'vitalsign_certificates_expiring'],
    read: async (give) => {
      const from = clock.now()
      // What has ended stays issued in the ledger.
      const current = { by: 'state', equal: ['issued'], from } as const
      const ending = { ...current, below: from.add(soon) }
      give('vitalsign_certificates_current', {}, await ledger.count('certificate', current))
      give('vitalsign_certificates_expiring', {}, await ledger.count('certificate', ending))
    },
  }
}

/** Of more silent devices than this only so many are counted. */
const mostSilent = 10_000

function silentSource({ ledger }: Core): Source {
  return {
    name: 'devices',
    keepMilliseconds: 60_000,
    gives: ['vitalsign_devices_silent'],
    read: async (give) => {
      let count = 0
      for await (const _ of allOf('device', ledger, { by: 'missed' }))
        if (++count >= mostSilent) break
      give('vitalsign_devices_silent', {}, count)
    },
  }
}

/** The end of the certificate that devices are shown now, DER. */
export function identitySource(shown: () => Uint8Array | undefined): Source {
  return {
    name: 'identity',
    keepMilliseconds: 0,
    gives: ['vitalsign_server_certificate_not_after_timestamp_seconds'],
    read: (give) => {
      const leaf = shown()
      if (leaf === undefined) return
      const { validToDate } = new X509Certificate(leaf)
      const seconds = Math.floor(validToDate.getTime() / 1_000)
      give('vitalsign_server_certificate_not_after_timestamp_seconds', {}, seconds)
    },
  }
}

function unixSeconds(instant: Temporal.Instant): number {
  return Math.floor(instant.epochMilliseconds / 1_000)
}
