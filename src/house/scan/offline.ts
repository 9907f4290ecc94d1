// SPDX-License-Identifier: Apache-2.0
import type { ScanWork } from '#cli/means-scan.ts'
import { programVersion } from '../version.ts'
import { collect } from './collect.ts'
import { digestOf } from './digest.ts'

/** What `vitalsign scan` does here, with no server. */
export const scanWork: ScanWork = {
  version: programVersion(),
  scan: ({ paths, budgets, now }, tell) => collect(paths, { budgets, now, onProgress: tell }),
  digest: digestOf,
}
