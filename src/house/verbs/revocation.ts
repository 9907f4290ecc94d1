// SPDX-License-Identifier: Apache-2.0
import { revoke } from '#core/revocation/revoke.ts'
import { showCertificate } from '#edge/admin/ledger-verbs/show.ts'
import type { Verbs } from '#edge/admin/verbs.ts'
import type { Core } from '../core.ts'

/** What ends trust. */
export function revocationVerbs(core: Core): Pick<Verbs, 'certificate.revoke'> {
  return {
    'certificate.revoke': async ({ certificate: id, reason, because }, { caller }) => {
      const revoked = await revoke({ id, reason, because }, caller.actor, core)
      if (revoked.kind === 'refused') return revoked
      return showCertificate(revoked.certificate)
    },
  }
}
