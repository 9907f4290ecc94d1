// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import {
  type ApprovalAct,
  type ApprovalStatement,
  parseApprovalStatement,
} from '#format/release/approval-statement.ts'
import { sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import type { AuditEvent } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import type { Put } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { Approval, Emergency, Release } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import { approvalsOf } from '../releases/approvals-of.ts'
import { markApproved } from '../releases/mark.ts'
import { partsOf } from '../releases/parts-of.ts'
import type { ReleasePorts } from '../releases/ports.ts'
import { handsIn, marksOf } from './count-approvals.ts'
import { beginEmergency, endEmergency, openEmergency, refuseUnreviewed } from './emergency.ts'
import { type Judgement, judgeRelease } from './judge-release.ts'
import { proveSigner } from './prove-signer.ts'
import { implausibleTime } from './statement-time.ts'

/** What a person signed, as it came. */
export interface SignedStatement {
  /** Canonical JSON. */
  readonly statement: Uint8Array
  /** Detached CMS, DER. */
  readonly signature: Uint8Array
}

export type Taken =
  | {
      readonly kind: 'taken'
      readonly approval: Approval
      /** As it is with this approval. */
      readonly judgement: Judgement
    }
  | Refused

/** Two people may sign at the same moment: the second is judged anew beside the first. */
const mostTries = 4

/**
 * Takes what a person signed for or against a release, after checking all of it; the release becomes approved in the
 * same commit if nothing is missing any more.
 *
 * Who sends it counts for nothing: it is the key's owner who speaks.
 */
export async function takeApproval(
  id: string,
  act: ApprovalAct,
  signed: SignedStatement,
  ports: ReleasePorts,
): Promise<Taken> {
  for (let tries = 1; ; tries++) {
    const release = await ports.ledger.read('release', id)
    if (release === undefined) return refuse('not-found', `nothing here has the id ${id}`)
    const taken = await takeOnce(release, act, signed, ports)
    if (taken.kind !== 'refused' || taken.reason !== 'conflict' || tries === mostTries) return taken
  }
}

async function takeOnce(
  release: Release,
  act: ApprovalAct,
  signed: SignedStatement,
  ports: ReleasePorts,
): Promise<Taken> {
  const { ledger, clock } = ports
  const said = readStatement(signed.statement)
  if ('reason' in said) return said
  const now = clock.now()
  const emergency = await openEmergency(release, ledger)
  const no =
    refuseSubject(said, act, release) ??
    refuseState(act, release, emergency) ??
    (await refuseProduct(said, release, ports)) ??
    implausibleTime(said.statedAt, now, release.submittedAt ?? undefined)
  if (no !== undefined) return no
  const signer = await proveSigner(said, signed, ledger)
  if (signer.kind === 'refused') return signer
  const statementSha256 = sha256(signed.statement)
  // Asked after the signature: only who holds the key learns what was taken.
  if ((await ledger.find('approval', 'statement', [statementSha256])) !== undefined)
    return refuse(
      'approval-replayed',
      'this very statement was taken already, and counts no second time; sign anew',
    )
  const { key } = signer
  const manifestSha256 = Uint8Array.fromHex(said.manifestSha256)
  const approval: Approval = {
    ...{ id: newId('approval', ports), version: 1, release: release.id, manifestSha256, act },
    ...{ person: key.person, approverKey: key.id, name: key.name, role: key.role },
    ...{ meaning: said.meaning, statement: signed.statement, statementSha256 },
    ...{
      signature: signed.signature,
      statedAt: Temporal.Instant.from(said.statedAt),
      takenAt: now,
    },
    standing: `${release.id} ${said.manifestSha256} ${key.person}`,
    ...{ voidedAt: null, voidedBecause: null },
  }
  const barred = await refusePerson(approval, release, ports)
  if (barred !== undefined) return barred
  return book(release, approval, said, emergency, ports)
}

function readStatement(bytes: Uint8Array): ApprovalStatement | Refused {
  try {
    return parseApprovalStatement(bytes)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('approval-statement-wrong', `what was signed is no approval: ${error.message}`)
  }
}

/** 21 CFR 11.70: a signature is of one record, and cannot be moved to another. */
function refuseSubject(
  said: ApprovalStatement,
  act: ApprovalAct,
  release: Release,
): Refused | undefined {
  if (said.act !== act)
    return refuse('approval-statement-wrong', `signed was "${said.act}", asked is "${act}"`)
  if (said.release !== release.id)
    return refuse(
      'approval-of-another-release',
      `signed was release ${said.release}, this is ${release.id}`,
    )
  const now = release.manifestSha256?.toHex()
  if (now !== undefined && said.manifestSha256 !== now)
    return refuse(
      'approval-of-another-manifest',
      `signed was manifest ${said.manifestSha256}, the release has ${now}: it was changed since, look again`,
    )
  if (said.emergency !== null && act !== 'approve')
    return refuse('approval-statement-wrong', `a "${act}" declares no emergency`)
  return undefined
}

function refuseState(
  act: ApprovalAct,
  { id, state, signedAt }: Release,
  emergency: Emergency | undefined,
): Refused | undefined {
  const isOpen = state === 'submitted' || state === 'approved'
  // What was signed may have reached devices: that it was withdrawn since spares nobody the review.
  const mayBeOut = state !== 'draft' && (state !== 'withdrawn' || signedAt !== null)
  const underReview = emergency?.state === 'open' && mayBeOut
  if (act === 'review')
    return underReview
      ? undefined
      : refuse('release-state-wrong', `${id} has no emergency that waits for a review`)
  if (isOpen || (act === 'refuse' && underReview)) return undefined
  return refuse('release-state-wrong', `${id} is ${state}; a submitted one is approved or refused`)
}

/** What people read in the statement has to be so. */
async function refuseProduct(
  said: ApprovalStatement,
  release: Release,
  { ledger }: ReleasePorts,
): Promise<Refused | undefined> {
  const product = await ledger.read('product', release.product)
  const wanted = {
    ...{ product: product?.name, version: release.firmwareVersion },
    environment: release.environment,
  }
  for (const name of ['product', 'version', 'environment'] as const)
    if (said[name] !== wanted[name])
      return refuse(
        'approval-statement-wrong',
        `signed was ${name} ${said[name]}, the release has ${wanted[name]}`,
      )
  return undefined
}

async function refusePerson(
  approval: Approval,
  release: Release,
  { ledger }: ReleasePorts,
): Promise<Refused | undefined> {
  const hands = handsIn(release, await partsOf(release.id, ledger))
  if (hands.has(approval.person))
    return refuse(
      'approver-excluded',
      `${approval.name} made, changed, uploaded or submitted some of this release; others approve it`,
    )
  const key = await ledger.read('approverKey', approval.approverKey)
  const marks = key === undefined ? [] : marksOf(approval, key)
  for (const other of await approvalsOf(release.id, ledger)) {
    if (other.voidedAt !== null) continue
    if (other.manifestSha256.toHex() !== approval.manifestSha256.toHex()) continue
    const otherKey = await ledger.read('approverKey', other.approverKey)
    const same = otherKey && marksOf(other, otherKey).find((mark) => marks.includes(mark))
    if (same !== undefined)
      return refuse(
        'approver-counted',
        `${other.name} said "${other.act}" to this manifest already (the same ${same.split(' ', 1)[0]}); a person counts once`,
      )
  }
  return undefined
}

async function book(
  before: Release,
  approval: Approval,
  said: ApprovalStatement,
  emergency: Emergency | undefined,
  ports: ReleasePorts,
): Promise<Taken> {
  const actor = { kind: 'person', id: approval.person } as const
  const puts: Put[] = [{ kind: 'approval', record: approval }]
  const events: AuditEvent[] = [toldOf(approval, actor)]
  let open = emergency
  if (said.emergency !== null) {
    if (emergency !== undefined)
      return refuse('decided-already', 'an emergency was declared for this release already')
    const { demand } = await judgeRelease(before, ports)
    const begun =
      (await refuseUnreviewed(before, ports)) ??
      beginEmergency(before, approval, said.emergency, demand, ports)
    if (begun.kind === 'refused') return begun
    puts.push(...begun.puts)
    events.push(begun.event)
    open = begun.emergency
  }
  const judgement = await judgeRelease(before, ports, {
    approval,
    ...(open !== undefined && { emergency: open }),
  })
  const over = outcomeOf(judgement, approval, emergency)
  if (emergency !== undefined && over !== undefined) {
    const ended = endEmergency(emergency, over, actor, approval.takenAt)
    puts.push(ended.put)
    events.push(ended.event)
  }
  const { change, release } = moved(before, judgement, actor, ports)
  puts.push(...change.puts)
  events.push(...change.events)
  const refused = await settle({ puts, events }, ports.ledger)
  return refused ?? { kind: 'taken', approval, judgement: { ...judgement, release } }
}

/** How an emergency that was declared before ends by this approval, if it does. */
function outcomeOf(
  { missing }: Judgement,
  { act }: Approval,
  emergency: Emergency | undefined,
): 'confirmed' | 'disputed' | undefined {
  if (emergency?.state !== 'open') return undefined
  if (act === 'refuse') return 'disputed'
  return missing.length === 0 ? 'confirmed' : undefined
}

/**
 * The release is written with every approval, also where nothing of it changes: of two that come at once the second
 * finds another version, and is judged beside the first.
 */
function moved(
  before: Release,
  { verdict, approvals }: Judgement,
  actor: AuditEvent['actor'],
  ports: ReleasePorts,
) {
  const may = verdict === 'approved' || verdict === 'emergency'
  if (before.state === 'submitted' && may) {
    const counted = approvals.filter(({ because }) => because === null).length
    const change = markApproved(before, counted, actor, ports)
    return {
      change,
      release: { ...before, version: before.version + 1, state: 'approved' as const },
    }
  }
  // A person who says no takes back what others made possible.
  const falls = before.state === 'approved' && !may
  const release: Release = {
    ...{ ...before, version: before.version + 1 },
    ...(falls && { state: 'submitted' as const }),
  }
  return { change: { puts: [{ kind: 'release', record: release } as const], events: [] }, release }
}

const eventOfAct = {
  approve: 'release-approval-given',
  refuse: 'release-approval-refused',
  review: 'release-approval-reviewed',
} as const satisfies Record<ApprovalAct, string>

function toldOf(approval: Approval, actor: AuditEvent['actor']): AuditEvent {
  const { id, release, act, name, role, meaning, approverKey, manifestSha256 } = approval
  return {
    ...{ type: eventOfAct[act], at: approval.takenAt, actor },
    subjects: [release, id, approverKey],
    facts: {
      ...{ name, role, meaning, statedAt: approval.statedAt.toString() },
      manifestSha256: manifestSha256.toHex(),
      statementSha256: approval.statementSha256.toHex(),
    },
  }
}
