// SPDX-License-Identifier: Apache-2.0
import { checkRow } from '#core/approvals/checks.ts'
import type { CountedApproval } from '#core/approvals/count-approvals.ts'
import { type Judgement, judgeRelease } from '#core/approvals/judge-release.ts'
import { takeApproval } from '#core/approvals/take-approval.ts'
import type { Ledger } from '#core/ledger/ledger.ts'
import type { Approval, ApproverKey, Emergency, Release } from '#core/ledger/tables.ts'
import { approvalsOf } from '#core/releases/approvals-of.ts'
import { lineOf } from '#core/releases/security-version.ts'
import { watchEmergencies } from '#core/watch/emergencies.ts'
import { notFound } from '#edge/admin/ledger-verbs/record.ts'
import type { Verbs } from '#edge/admin/verbs.ts'
import type { OutputOf } from '#format/admin/operations.ts'
import type { ApprovalAct } from '#format/release/approval-statement.ts'
import { parseApprovalStatement } from '#format/release/approval-statement.ts'
import type { Core } from '../core.ts'
import { showApprover } from './approvers.ts'
import { octetsOf } from './octets-of.ts'

type ApprovalVerbs = Pick<
  Verbs,
  | 'release.approvals'
  | 'release.approve'
  | 'release.judge'
  | 'release.preview'
  | 'release.refuse'
  | 'release.review-emergency'
>

/** What people sign for and against releases. */
export function approvalVerbs(core: Core): ApprovalVerbs {
  const { ledger } = core
  const taking =
    (act: ApprovalAct) =>
    async ({
      release,
      statement,
      signature,
    }: Record<'release' | 'statement' | 'signature', string>) => {
      const signed = { statement: octetsOf(statement), signature: octetsOf(signature) }
      const taken = await takeApproval(release, act, signed, core)
      await watchEmergencies(core)
      return taken.kind === 'refused' ? taken : showJudgement(taken.judgement)
    }
  return {
    'release.approve': taking('approve'),
    'release.refuse': taking('refuse'),
    'release.review-emergency': taking('review'),

    'release.judge': async ({ release: id }) => {
      const release = await ledger.read('release', id)
      return release === undefined ? notFound(id) : showJudgement(await judgeRelease(release, core))
    },

    'release.preview': async ({ release: id, fingerprint }) => {
      const release = await ledger.read('release', id)
      if (release === undefined) return notFound(id)
      const judgement = await judgeRelease(release, core)
      const key =
        fingerprint === undefined
          ? undefined
          : await ledger.find('approverKey', 'fingerprint', [Uint8Array.fromHex(fingerprint)])
      const product = await ledger.read('product', release.product)
      return {
        ...showJudgement(judgement),
        ...{ productName: product?.name ?? release.product, state: release.state },
        firmwareVersion: release.firmwareVersion,
        manifest: textOf(judgement.manifest),
        manifestSha256: release.manifestSha256?.toHex() ?? null,
        before: await signedBefore(release, ledger),
        approver: key === undefined ? null : await showApprover(key, ledger),
      }
    },

    'release.approvals': async ({ release: id }) => {
      const release = await ledger.read('release', id)
      if (release === undefined) return notFound(id)
      const { manifest, approvals } = await judgeRelease(release, core)
      const why = new Map(approvals.map(({ approval, because }) => [approval.id, because]))
      const all = await approvalsOf(id, ledger)
      const keys = new Map<string, ApproverKey>()
      for (const { approverKey } of all) {
        const key = await ledger.read('approverKey', approverKey)
        if (key !== undefined) keys.set(key.id, key)
      }
      return {
        ...{ release: id, manifest: textOf(manifest) },
        manifestSha256: release.manifestSha256?.toHex() ?? null,
        approvals: all.map((approval) => ({
          ...showApproval({
            approval,
            because: why.get(approval.id) ?? approval.voidedBecause,
          }),
          statement: approval.statement.toBase64(),
          signature: approval.signature.toBase64(),
        })),
        approvers: [...keys.values()].flatMap(showKey),
      }
    },
  }
}

export function showJudgement(judgement: Judgement): OutputOf<'release.judge'> {
  const { release, verdict, policy, checks, approvals, missing, emergency } = judgement
  return {
    ...{ release: release.id, verdict, policy: policy.number, missing: [...missing] },
    checks: checks.map(({ check, asked, passed, detail }) => {
      const { title, remedy } = checkRow(check)
      return { check, title, asked, passed, detail, remedy }
    }),
    approvals: approvals.map(showApproval),
    emergency: emergency === undefined ? null : showEmergency(emergency),
  }
}

export function showApproval({
  approval,
  because,
}: CountedApproval): OutputOf<'release.judge'>['approvals'][number] {
  const { id, act, person, name, role, meaning, takenAt, manifestSha256 } = approval
  return {
    ...{ id, act, person, name, role, meaning, because },
    statedAt: statedAt(approval),
    ...{ takenAt: takenAt.toString(), manifestSha256: manifestSha256.toHex() },
  }
}

/** As its person wrote it, offset and all. */
function statedAt({ statement }: Approval): string {
  return parseApprovalStatement(statement).statedAt
}

function showEmergency(emergency: Emergency): NonNullable<OutputOf<'release.judge'>['emergency']> {
  const { id, state, incident, because, until, reviewBy, exception } = emergency
  return {
    ...{ id, state, incident, because, exception },
    ...{ until: until.toString(), reviewBy: reviewBy.toString() },
  }
}

function showKey(key: ApproverKey): OutputOf<'release.approvals'>['approvers'] {
  const { person, name, role, spki, chain, confirmedAt, endedAt } = key
  if (confirmedAt === null) return []
  return [
    {
      ...{ person, name, role, publicKey: spki.toBase64(), chain: [...chain] },
      ...{ confirmedAt: confirmedAt.toString(), endedAt: endedAt?.toString() ?? null },
    },
  ]
}

/** The release that was signed last for the same devices, unless it is this one. */
async function signedBefore(
  release: Release,
  ledger: Ledger,
): Promise<OutputOf<'release.preview'>['before']> {
  const line = await lineOf(release, ledger)
  if (line === undefined || line.release === release.id) return null
  const before = await ledger.read('release', line.release)
  if (before === undefined || before.manifestSha256 === null) return null
  const made = await ledger.find('releaseManifest', 'sha256', [before.manifestSha256])
  const manifest = textOf(made?.text)
  return manifest === null
    ? null
    : { release: before.id, firmwareVersion: before.firmwareVersion, manifest }
}

function textOf(bytes: Uint8Array | undefined): string | null {
  return bytes === undefined ? null : new TextDecoder().decode(bytes)
}
