// SPDX-License-Identifier: Apache-2.0
import { approveRequest, turnDownRequest } from '#core/enrolment/approval/decide-request.ts'
import { type Foreseen, foresee } from '#core/enrolment/approval/foresee.ts'
import type { PendingRequest } from '#core/ledger/tables.ts'
import { showAlternativeName } from '#core/policy/alternative-names.ts'
import type { Refused } from '#core/refusal.ts'
import { checkVersion, notFound } from '#edge/admin/ledger-verbs/record.ts'
import { showRequest } from '#edge/admin/ledger-verbs/requests.ts'
import type { Verbs } from '#edge/admin/verbs.ts'
import type { OutputOf } from '#format/admin/operations.ts'
import { encodePem } from '#format/pem.ts'
import { parseToBeSigned } from '#format/x509/certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import { formatName } from '#format/x509/name.ts'
import { lintCertificate } from '#trust/lint/lint.ts'
import type { Core } from '../core.ts'

/** What a person may decide, and on what grounds. */
export function decisionVerbs(
  core: Core,
): Pick<Verbs, 'request.approve' | 'request.refuse' | 'request.show'> {
  return {
    'request.show': async ({ request: id }) => {
      const record = await core.ledger.read('request', id)
      if (record === undefined) return notFound(id)
      return {
        ...(await showRequest(record, core.ledger)),
        pem: encodePem('CERTIFICATE REQUEST', record.request),
        foreseen: await foreseenOf(record, core),
      }
    },

    'request.approve': async ({ request: id, sha256 }, call) => {
      const record = await core.ledger.read('request', id)
      if (record === undefined) return notFound(id)
      const differs = checkVersion(record, call)
      if (differs !== undefined) return differs
      const digest = sha256 === undefined ? undefined : Uint8Array.fromHex(sha256)
      const decided = await approveRequest(record, digest, call.caller.actor, core)
      return decided.kind === 'refused' ? decided : showRequest(decided.record, core.ledger)
    },

    'request.refuse': async ({ request: id, reason }, call) => {
      const record = await core.ledger.read('request', id)
      if (record === undefined) return notFound(id)
      const differs = checkVersion(record, call)
      if (differs !== undefined) return differs
      const decided = await turnDownRequest(record, reason, call.caller.actor, core)
      return decided.kind === 'refused' ? decided : showRequest(decided.record, core.ledger)
    },
  }
}

type ForeseenView = OutputOf<'request.show'>['foreseen']

async function foreseenOf(record: PendingRequest, core: Core): Promise<ForeseenView> {
  if (record.state !== 'waiting' && record.state !== 'approved') return null
  const foreseen = await foresee(record, core)
  return foreseen.kind === 'refused' ? showRefused(foreseen) : showForeseen(foreseen)
}

function showRefused({ reason, detail }: Refused): ForeseenView {
  return { kind: 'refused', reason, detail }
}

function showForeseen({ door, draft }: Foreseen): ForeseenView {
  const { publicKey, profile } = draft.terms
  const { subject, extensions } = parseToBeSigned(draft.toBeSigned)
  const findings = lintCertificate(draft.toBeSigned, door.issuer.certificate, profile.kind)
  return {
    kind: 'certificate',
    subject: formatName(subject),
    alternativeNames: (readExtension(extensions, 'subjectAltName') ?? []).map(showAlternativeName),
    keyAlgorithm: publicKey.algorithm,
    keyBits: publicKey.bits,
    keyFingerprint: publicKey.fingerprint.toHex(),
    authority: door.issuer.authority.name,
    profile: `${profile.name} ${profile.version}`,
    notBefore: draft.notBefore.toString(),
    notAfter: draft.notAfter.toString(),
    findings: findings.map(({ rule, severity, detail }) => ({ rule, severity, detail })),
  }
}
