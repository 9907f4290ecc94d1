// SPDX-License-Identifier: Apache-2.0
import type { Verbs } from '../verbs.ts'
import { certificateVerbs } from './certificates.ts'
import { deviceVerbs } from './devices.ts'
import { peopleVerbs } from './people.ts'
import type { LedgerVerbPorts } from './ports.ts'
import { productVerbs } from './products.ts'
import { profileVerbs } from './profiles.ts'
import { watchVerbs } from './watch.ts'

/** The operations that need the ledger and nothing else; other rooms give the rest of `Verbs`. */
export type LedgerVerbs = Omit<
  Verbs,
  | 'authority.import'
  | 'authority.issue'
  | 'authority.trust'
  | 'certificate.import'
  | 'certificate.revoke'
  | 'doctor'
  | 'explain'
  | 'log.export'
  | 'log.show'
  | 'log.verify'
  | 'notification.key'
  | 'node.list'
  | 'profile.apply'
  | 'profile.check'
  | 'profile.diff'
  | 'report.credentials'
  | 'status'
>

export function ledgerVerbs(ports: LedgerVerbPorts): LedgerVerbs {
  return {
    ...peopleVerbs(ports),
    ...productVerbs(ports),
    ...deviceVerbs(ports),
    ...certificateVerbs(ports),
    ...profileVerbs(ports),
    ...watchVerbs(ports),
  }
}
