// SPDX-License-Identifier: Apache-2.0
import type { Verbs } from '../verbs.ts'
import { anchorVerbs } from './anchors.ts'
import { attestationVerbs } from './attestation.ts'
import { certificateVerbs } from './certificates.ts'
import { deviceVerbs } from './devices.ts'
import { elementVerbs } from './elements.ts'
import { keyVerbs } from './keys.ts'
import { peopleVerbs } from './people.ts'
import type { LedgerVerbPorts } from './ports.ts'
import { productVerbs } from './products.ts'
import { profileVerbs } from './profiles.ts'
import { requestVerbs } from './requests.ts'
import { vendorVerbs } from './vendors.ts'
import { watchVerbs } from './watch.ts'

/** The operations that need the ledger and nothing else; other rooms give the rest of `Verbs`. */
export type LedgerVerbs = Omit<
  Verbs,
  | 'application.add'
  | 'application.code'
  | 'application.list'
  | 'application.remove'
  | 'application.show'
  | 'authority.crl'
  | 'authority.import'
  | 'authority.install'
  | 'authority.issue'
  | 'authority.link'
  | 'authority.new-root'
  | 'authority.retire'
  | 'authority.revoke'
  | 'authority.what-if'
  | 'authority.request'
  | 'authority.requests'
  | 'authority.trust'
  | 'authority.succeed'
  | 'authority.twin'
  | 'authority.withdraw'
  | 'backup.learn-crl'
  | 'backup.list'
  | 'backup.make'
  | 'backup.note-drill'
  | 'backup.report'
  | 'ceremony.export'
  | 'ceremony.import'
  | 'ceremony.list'
  | 'ceremony.show'
  | 'certificate.import'
  | 'certificate.issue'
  | 'certificate.revoke'
  | 'certificate.verify'
  | 'doctor'
  | 'enforcement.list'
  | 'explain'
  | 'integration.add'
  | 'integration.list'
  | 'integration.remove'
  | 'integration.retry'
  | 'integration.show'
  | 'integration.sync'
  | 'integration.test'
  | 'log.add-head'
  | 'log.export'
  | 'log.heads'
  | 'log.show'
  | 'log.verify'
  | 'node.list'
  | 'notification.key'
  | 'profile.apply'
  | 'profile.check'
  | 'profile.diff'
  | 'qualify.check'
  | 'qualify.installation'
  | 'qualify.operation'
  | 'report.credentials'
  | 'request.approve'
  | 'request.refuse'
  | 'request.show'
  | 'revocation.approve'
  | 'revocation.end'
  | 'revocation.hold'
  | 'revocation.limit'
  | 'revocation.list'
  | 'revocation.preview'
  | 'revocation.refuse'
  | 'revocation.release'
  | 'revocation.show'
  | 'revocation.withdraw'
  | 'status'
  | 'status-file.list'
  | 'status-file.look-up'
  | 'status-file.make'
  | 'status-file.verify'
  | 'upstream.add'
  | 'upstream.credential'
  | 'upstream.list'
  | 'upstream.orders'
  | 'upstream.remove'
  | 'upstream.show'
  | 'upstream.test'
>

export function ledgerVerbs(ports: LedgerVerbPorts): LedgerVerbs {
  return {
    ...peopleVerbs(ports),
    ...productVerbs(ports),
    ...deviceVerbs(ports),
    ...attestationVerbs(ports),
    ...certificateVerbs(ports),
    ...profileVerbs(ports),
    ...requestVerbs(ports),
    ...vendorVerbs(ports),
    ...elementVerbs(ports),
    ...keyVerbs(ports),
    ...watchVerbs(ports),
    ...anchorVerbs(ports),
  }
}
