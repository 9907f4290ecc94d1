// SPDX-License-Identifier: Apache-2.0
import type { LogStore } from '#core/audit/log-store.ts'
import { isTwin } from '#core/authority/twin.ts'
import { credentialReport } from '#core/evidence/credential-report.ts'
import type { Verbs } from '#edge/admin/verbs.ts'
import type { Core } from '../core.ts'

/** What goes into somebody's file about this installation. */
export function reportVerbs(
  core: Core,
  log: LogStore,
  version: string,
): Pick<Verbs, 'report.credentials'> {
  return {
    'report.credentials': async () => {
      const credentials = await credentialReport(core)
      const { size, root } = await log.head()
      const anchor = core.doors.own.find((one) => one.kind === 'root' && !isTwin(one))
      return {
        at: core.clock.now().toString(),
        version,
        environment: core.environment,
        rootSha256: anchor?.certificateSha256.toHex() ?? '',
        log: { size, rootSha256: root.toHex() },
        credentials: credentials.map((row) => ({
          ...row,
          algorithms: row.algorithms.map((one) => ({ ...one })),
          entrances: [...row.entrances],
        })),
      }
    },
  }
}
