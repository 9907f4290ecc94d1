// SPDX-License-Identifier: Apache-2.0

import { judgeRelease } from '#core/approvals/judge-release.ts'
import type { LogStore } from '#core/audit/log-store.ts'
import { proveEvents } from '#core/audit/prove-events.ts'
import type { Approval, Release, SignedArtefactRecord } from '#core/ledger/tables.ts'
import { approvalsOf } from '#core/releases/approvals-of.ts'
import { scansOf } from '#core/releases/checks.ts'
import { partsOf } from '#core/releases/parts-of.ts'
import { signedArtefactsOf } from '#core/releases/publish.ts'
import type { OutputOf } from '#format/admin/operations.ts'
import { readTimeStamp } from '#trust/time-stamp/read-time-stamp.ts'
import type { Core } from '../core.ts'
import { showJudgement } from './approvals.ts'
import { showEvent } from './history.ts'
import { namesOf } from './names-of.ts'
import { showSigning } from './release-signing.ts'
import { showPart } from './releases.ts'

type Story = OutputOf<'release.show'>

/** Events that are shown with a release; each act of people and each part makes one. */
const mostEvents = 1_000

/** All that is known of a release besides its own record, with proofs for who believes nobody. */
export async function releaseStory(
  release: Release,
  core: Core,
  log: LogStore,
): Promise<
  Pick<
    Story,
    | 'verdict'
    | 'policy'
    | 'missing'
    | 'emergency'
    | 'productName'
    | 'names'
    | 'parts'
    | 'scans'
    | 'signing'
    | 'checks'
    | 'approvals'
    | 'signed'
    | 'log'
    | 'events'
  >
> {
  const { ledger } = core
  const product = await ledger.read('product', release.product)
  const parts = await partsOf(release.id, ledger)
  const artefacts = parts.filter(({ role }) => role === 'artefact')
  const judged = showJudgement(await judgeRelease(release, core))
  const { verdict, policy, checks, missing, emergency } = judged
  const proved = await proveEvents(release.id, mostEvents, log)
  const actors = [
    ...[release.createdBy, ...release.contributors],
    ...parts.map(({ addedBy }) => addedBy),
    ...proved.events.map(({ placed }) => placed.event.actor.id),
  ]
  return {
    names: await namesOf(actors, ledger),
    productName: product?.name ?? release.product,
    parts: parts.map(showPart),
    scans: (await scansOf(artefacts, ledger)).map(({ artefact, scan }) => ({
      ...{ id: scan.id, artefact, rules: scan.rules, result: scan.result, found: scan.found },
      ...{ notScanned: scan.notScanned, madeHere: scan.madeHere === true },
      endedAt: scan.endedAt.toString(),
    })),
    signing: await showSigning(release, parts, core),
    ...{ verdict, policy, checks, missing, emergency },
    approvals: (await approvalsOf(release.id, core.ledger)).map(showApproval),
    signed: (await signedArtefactsOf(release.id, ledger)).map(showSigned),
    log: {
      size: proved.size,
      rootSha256: proved.root?.toHex() ?? null,
      checkpoint: proved.checkpoint ?? null,
    },
    events: proved.events.map(({ placed, salt, body, path }) => ({
      ...showEvent(placed, core.restores),
      proof: {
        ...{ salt: salt.toBase64(), body: body.toBase64() },
        path: path.map((hash) => hash.toBase64()),
      },
    })),
  }
}

function showApproval(approval: Approval): Story['approvals'][number] {
  const { id, person, meaning, statedAt, takenAt, manifestSha256, voidedAt } = approval
  return {
    ...{ id, person, name: approval.name, act: approval.act, role: approval.role, meaning },
    ...{ statedAt: statedAt.toString(), takenAt: takenAt.toString() },
    manifestSha256: manifestSha256.toHex(),
    voidedAt: voidedAt?.toString() ?? null,
    voidedBecause: approval.voidedBecause,
  }
}

function showSigned(signed: SignedArtefactRecord): Story['signed'][number] {
  const { id, part, name, form, sourceSha256, sha256, octets, keys, timeStamp, facts } = signed
  return {
    ...{ id, part, name, form, sourceSha256: sourceSha256.toHex(), sha256: sha256.toHex(), octets },
    ...{ keys: [...keys], isTimeStamped: timeStamp !== null, facts: { ...facts } },
    timeStamp: timeStamp === null ? null : showStamp(timeStamp),
    signedAt: signed.signedAt.toString(),
  }
}

function showStamp(token: Uint8Array): Story['signed'][number]['timeStamp'] {
  const { at, serialNumber, authority } = readTimeStamp(token)
  return {
    ...{ at: at.toString(), serialNumber: serialNumber.toHex() },
    authority: authority ?? null,
  }
}
