// SPDX-License-Identifier: Apache-2.0
import { issueForServer } from '#core/enrolment/issue-for-server.ts'
import { Fault } from '#core/fault.ts'
import type { Refused } from '#core/refusal.ts'
import { revoke } from '#core/revocation/revoke.ts'
import { showCertificate } from '#edge/admin/ledger-verbs/show.ts'
import type { Verbs } from '#edge/admin/verbs.ts'
import { FormatError } from '#format/format-error.ts'
import { encodePem, parsePem } from '#format/pem.ts'
import { refuse } from '#trust/refusal.ts'
import { type Core, ownIssuer } from '../core.ts'
import { ownMaker } from '../foundation.ts'

/** What a person has signed, and what a person ends. */
export function certificateVerbs(
  core: Core,
): Pick<Verbs, 'certificate.issue' | 'certificate.revoke'> {
  return {
    'certificate.issue': async ({ profile, names, request: pem }, { caller }) => {
      const request = requestIn(pem)
      if ('reason' in request) return request
      const wish = { profile, names, request, maker: ownMaker(core.installation) }
      const issued = await issueForServer(wish, ownIssuer(core), caller.actor, core)
      if (issued.kind === 'refused') return issued
      if (issued.kind === 'conflict')
        return refuse('busy', 'the same was asked at this moment; ask again')
      if (issued.kind === 'pending') {
        const { retryAfterSeconds } = issued
        return { state: 'pending', retryAfterSeconds, certificate: null, pem: null }
      }
      const record = await core.ledger.read('certificate', issued.id)
      if (record === undefined) throw new Fault('ledger-damaged', `no certificate ${issued.id}`)
      return {
        ...{ state: 'issued', retryAfterSeconds: null, certificate: showCertificate(record) },
        pem: encodePem('CERTIFICATE', issued.certificate),
      }
    },

    'certificate.revoke': async ({ certificate: id, reason, because }, { caller }) => {
      const kind = (await core.ledger.read('certificate', id))?.kind
      if (kind === 'issuing')
        return refuse(
          'not-permitted',
          'this is the certificate of an authority; "authority revoke" ends it, and outside a trial two people have to agree',
        )
      const revoked = await revoke({ id, reason, because }, caller.actor, core)
      if (revoked.kind === 'refused') return revoked
      return showCertificate(revoked.certificate)
    },
  }
}

function requestIn(pem: string): Uint8Array | Refused {
  try {
    const blocks = parsePem(pem).filter(({ label }) => /^(NEW )?CERTIFICATE REQUEST$/.test(label))
    const [block, another] = blocks
    if (block !== undefined && another === undefined) return block.bytes
    return refuse(
      'input-wrong',
      `request: one CERTIFICATE REQUEST is needed, ${blocks.length} are there`,
    )
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('input-wrong', `request: ${error.message}`)
  }
}
