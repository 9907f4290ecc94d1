// SPDX-License-Identifier: Apache-2.0
import type { Occasion } from '#core/authority/issue.ts'
import { newId } from '#core/ledger/ids.ts'
import type { Put } from '#core/ledger/ledger.ts'
import type { EnrolmentPorts } from '../enrolment-ports.ts'
import { type Asking, occasionOf } from '../occasion.ts'

/** The rule that is relaxed, as exceptions name it. */
export const keyMadeByServer = 'key-made-by-server'

const nothingFound = { key: undefined, attestation: undefined, replaces: undefined } as const

/**
 * What the ledger books with a certificate on a key that was made here: the same as ever, and the exception
 * to the rule that a key is made where it lives, in the commit that books the certificate.
 *
 * Possession is proved by nobody: whoever made the key had it.
 */
export function occasionForKey(asking: Asking, ports: EnrolmentPorts): Occasion {
  const usual = occasionOf(asking, nothingFound, ports)
  return {
    ...usual,
    keyFacts: { origin: 'server', protection: 'unknown', exportable: true },
    enrolment: { ...usual.enrolment, possession: 'none' },
    reserveWith: (certificate) => [
      ...usual.reserveWith(certificate),
      exceptionPut(certificate, asking, ports),
    ],
  }
}

function exceptionPut(certificate: string, { door }: Asking, ports: EnrolmentPorts): Put {
  const { name, version, document } = door.profile
  return {
    kind: 'exception',
    record: {
      id: newId('exception', ports),
      version: 1,
      rule: keyMadeByServer,
      subject: certificate,
      grantedBy: `profile ${name} ${version}`,
      reason: document.serverKeys?.because ?? '',
      until: null,
      createdAt: ports.clock.now(),
    },
  }
}
