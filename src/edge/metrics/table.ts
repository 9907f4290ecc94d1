// SPDX-License-Identifier: Apache-2.0
/**
 * Every figure at `/metrics`: the registry, docs/metrics.md and the tests of dashboard and alerts are
 * made from, or held against, this one table.
 *
 * No label takes a value that a stranger, a device or a customer could choose: no serial, path or
 * address.
 */
export interface MetricRow {
  /** A histogram measures seconds in the table's buckets. */
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
}

/** Seconds; from a cached list to what a slow disk makes of a commit. */
export const secondsBuckets = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const

export const metricTable = {
  process_cpu_seconds_total: row('counter', 'CPU time of the process, user and system'),
  process_resident_memory_bytes: row('gauge', 'memory of the process that is in RAM'),
  process_start_time_seconds: row('gauge', 'when the process started, Unix time'),
  nodejs_heap_used_bytes: row('gauge', 'memory that objects of the program take'),
  nodejs_eventloop_lag_p99_seconds: row(
    'gauge',
    'how late the event loop was since the last reading, 99th percentile',
  ),

  vitalsign_build_info: row('gauge', '1; which program this is', 'version', 'node_version'),
  vitalsign_node_info: row(
    'gauge',
    '1; which installation and node this is',
    'environment',
    'node',
  ),
  vitalsign_ready: row('gauge', '1 if all checks of /readyz pass, else 0'),
  vitalsign_ready_check: row('gauge', '1 if this check of /readyz passes, else 0', 'check'),
  vitalsign_source_up: row('gauge', '1 if this part of the page could be read, else 0', 'source'),

  vitalsign_http_requests_total: row(
    'counter',
    'requests answered; status 0: the client left before',
    'port',
    'operation',
    'status',
  ),
  vitalsign_http_request_seconds: row(
    'histogram',
    'from the head of a request to the end of its answer',
    'port',
    'operation',
  ),
  vitalsign_refusals_total: row(
    'counter',
    'requests refused, by reason',
    'port',
    'operation',
    'refusal',
  ),
  vitalsign_connections_total: row('counter', 'connections that came', 'port'),
  vitalsign_connections_refused_total: row('counter', 'connections beyond a limit, cut', 'port'),
  vitalsign_requests_malformed_total: row(
    'counter',
    'what was not HTTP, or beyond a limit',
    'port',
  ),
  vitalsign_requests_too_slow_total: row('counter', 'requests that came too slowly', 'port'),
  vitalsign_tls_handshakes_total: row('counter', 'TLS handshakes completed', 'port'),
  vitalsign_tls_handshakes_by_version_total: row(
    'counter',
    'TLS handshakes completed, by the version spoken',
    'port',
    'version',
  ),
  vitalsign_tls_handshakes_failed_total: row(
    'counter',
    'TLS handshakes that came to nothing',
    'port',
    'why',
  ),

  vitalsign_certificates_issued_total: row('counter', 'certificates issued by this node'),
  vitalsign_certificates_revoked_total: row('counter', 'certificates revoked by this node'),
  vitalsign_certificates_abandoned_total: row(
    'counter',
    'certificates whose signing was cut off, abandoned by this node',
  ),
  vitalsign_key_conflicts_total: row('counter', 'keys presented that have another owner'),
  vitalsign_certificates_current: row(
    'gauge',
    'certificates issued and neither revoked nor ended; a replaced one counts until it ends',
  ),
  vitalsign_certificates_expiring: row('gauge', 'of these, how many end within 30 days'),
  vitalsign_devices_silent: row(
    'gauge',
    'devices that should have renewed by now and did not, up to 10,000',
  ),
  vitalsign_server_certificate_not_after_timestamp_seconds: row(
    'gauge',
    'when the TLS certificate ends that this node shows to devices, Unix time',
  ),

  vitalsign_commit_seconds: row('histogram', 'from asking for a commit until it is durable'),
  vitalsign_commits_waiting: row('gauge', 'commits asked for and not durable yet'),
  vitalsign_commit_conflicts_total: row('counter', 'commits that somebody else came before'),
  vitalsign_commits_failed_total: row('counter', 'commits that broke', 'fault'),

  vitalsign_log_size: row('gauge', 'events in the log'),
  vitalsign_log_events_waiting: row('gauge', 'events that no checkpoint covers yet'),
  vitalsign_log_lag_seconds: row('gauge', 'age of the oldest of these; 0 if there is none'),

  vitalsign_crl_this_update_timestamp_seconds: row(
    'gauge',
    "when the oldest of an authority's current revocation lists was made, Unix time",
    'authority',
  ),
  vitalsign_crl_next_update_timestamp_seconds: row(
    'gauge',
    "when the first of an authority's current revocation lists ends, Unix time",
    'authority',
  ),
  vitalsign_crl_failing: row('gauge', 'revocation lists that could not be made'),
  vitalsign_status_files_failing: row(
    'gauge',
    'status files that this node could not make, or that lack a signature',
  ),

  vitalsign_ocsp_answers_total: row(
    'counter',
    'OCSP answers: from memory, signed for who waited, made anew before their end',
    'result',
  ),
  vitalsign_ocsp_over_budget_total: row(
    'counter',
    'OCSP questions whose own signature the budget did not give',
  ),
  vitalsign_ocsp_answers_kept: row('gauge', 'OCSP answers in memory'),
  vitalsign_ocsp_answers_kept_bytes: row('gauge', 'memory that these take'),
  vitalsign_ocsp_responder_not_after_timestamp_seconds: row(
    'gauge',
    'when the certificate ends of who answers OCSP for an authority, Unix time',
    'authority',
  ),

  vitalsign_job_runs_total: row('counter', 'runs of jobs on this node', 'task', 'result'),
  vitalsign_job_failing: row('gauge', 'failures in a row of a job, on all nodes', 'task'),
  vitalsign_job_last_run_timestamp_seconds: row(
    'gauge',
    'end of the last run of a job, on all nodes, Unix time',
    'task',
  ),
  vitalsign_job_last_success_timestamp_seconds: row(
    'gauge',
    'end of the last good run of a job, on all nodes, Unix time',
    'task',
  ),

  vitalsign_key_findings_open: row(
    'gauge',
    'findings about weak keys that nobody decided about, on all nodes',
    'kind',
  ),
  vitalsign_keys_watched: row('gauge', 'keys that the watch over all keys tested in its round'),
  vitalsign_keywatch_paused: row('gauge', '1 while the watch over all keys is paused, else 0'),
  vitalsign_keywatch_last_run_timestamp_seconds: row(
    'gauge',
    'when the watch over all keys last reached its end, on all nodes, Unix time',
  ),
  vitalsign_moduli_compared: row(
    'gauge',
    'RSA keys that were last held against one another, for primes that they share',
  ),
  vitalsign_signatures_passed_over_total: row(
    'counter',
    'refused requests whose signatures this node had no room to look at',
  ),

  vitalsign_key_backend_up: row('gauge', '1 if this backend of keys can sign, else 0', 'backend'),
  vitalsign_key_signatures_total: row('counter', 'signatures made by this node', 'backend'),
  vitalsign_key_signatures_failed_total: row(
    'counter',
    'signatures that a backend of keys did not make',
    'backend',
  ),
  vitalsign_key_signatures_waiting: row(
    'gauge',
    'signatures asked for and not made yet',
    'backend',
  ),
  vitalsign_key_backend_restarts_total: row(
    'counter',
    'times that a backend of keys was opened anew',
    'backend',
  ),

  vitalsign_integration_up: row(
    'gauge',
    '1 if this integration confirmed last, or was not told anything yet, else 0',
    'integration',
  ),
  vitalsign_enforcements_open: row(
    'gauge',
    'acts that an integration has not confirmed, counted to a thousand',
    'integration',
  ),
  vitalsign_upstream_up: row(
    'gauge',
    '1 if this upstream answered this node last, or was not asked yet, else 0',
    'upstream',
  ),
  vitalsign_upstream_orders_open: row(
    'gauge',
    'certificates that an upstream is asked for',
    'upstream',
  ),
  vitalsign_upstream_credential_not_after_timestamp_seconds: row(
    'gauge',
    'when that ends which proves this installation to an upstream, Unix time',
    'upstream',
  ),

  vitalsign_alarms_open: row('gauge', 'alarms that stand', 'severity'),
  vitalsign_enrolments_waiting: row('gauge', 'enrolments that wait for a person'),
  vitalsign_deliveries: row('gauge', 'messages about alarms that are not sent yet', 'state'),
  vitalsign_backup_last_timestamp_seconds: row(
    'gauge',
    'when the newest backup was made, Unix time',
  ),
} as const satisfies Record<string, MetricRow>

export type MetricName = keyof typeof metricTable
export type NameOf<K extends MetricRow['kind']> = {
  [N in MetricName]: (typeof metricTable)[N]['kind'] extends K ? N : never
}[MetricName]
/** One value for each label of a metric. */
export type LabelsOf<N extends MetricName> = {
  readonly [L in (typeof metricTable)[N]['labels'][number]]: string
}

function row<const K extends MetricRow['kind'], const L extends readonly string[]>(
  kind: K,
  help: string,
  ...labels: L
) {
  return { kind, help, labels }
}
