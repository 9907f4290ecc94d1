// SPDX-License-Identifier: Apache-2.0
import type { Approval, Emergency, Release, ReleaseLine } from '../ledger/tables.ts'
import { approvalsOf } from '../releases/approvals-of.ts'
import type { ReleasePorts } from '../releases/ports.ts'
import { lineOf } from '../releases/security-version.ts'
import { type CheckName, checkNames, checkRow, type Finding, type ReleaseFacts } from './checks.ts'
import { type CountedApproval, countApprovals, missingFor } from './count-approvals.ts'
import { openEmergency } from './emergency.ts'
import { type PolicyInForce, policyInForce } from './policy/newest.ts'
import { type Demand, demandOf } from './policy/rules.ts'
import { readFacts } from './read-facts.ts'

export const verdicts = [
  ...(['not-submitted', 'refused', 'checks-failed', 'waiting', 'emergency', 'approved'] as const),
] as const
/**
 * `refused`: a person signed that it must not go out. `checks-failed`: people cannot make up for it. `waiting`: for
 * people. `emergency`: one person's approval has to do. Only the last two may be signed.
 */
export type ReleaseVerdict = (typeof verdicts)[number]

export interface CheckOutcome extends Finding {
  readonly check: CheckName
  /** False: the policy does not ask for it, and its outcome changes nothing. */
  readonly asked: boolean
}

/** What stands between a release and its signature, as of one moment. */
export interface Judgement {
  readonly release: Release
  readonly verdict: ReleaseVerdict
  /** The text that was approved; undefined while it is not submitted. */
  readonly manifest: Uint8Array | undefined
  readonly policy: PolicyInForce
  readonly demand: Demand
  readonly checks: readonly CheckOutcome[]
  readonly approvals: readonly CountedApproval[]
  /** Which approvals are missing, in words. */
  readonly missing: readonly string[]
  readonly emergency: Emergency | undefined
}

/** What is about to be written in the same commit as what the judgement leads to. */
export interface Pending {
  readonly approval: Approval
  readonly emergency?: Emergency
}

/**
 * Judges a release by the newest policy and by all that is known now: nothing is remembered of an earlier judgement,
 * so that a policy that changed, a key that ended or a scan that found something since counts.
 *
 * @param pending judged as if it were written already
 */
export async function judgeRelease(
  release: Release,
  ports: ReleasePorts,
  pending?: Pending,
): Promise<Judgement> {
  const readings = await readForJudgement(release, ports, pending)
  return judgeReadings(readings, await lineOf(release, ports.ledger), ports.clock.now())
}

/**
 * All that a release is judged by but the clock and its line, which others raise: as long as no record changes by which
 * releases are judged (core/ledger/judged-kinds), reading it again gives the same.
 */
export interface Readings
  extends Pick<
    Judgement,
    'release' | 'manifest' | 'policy' | 'demand' | 'approvals' | 'missing' | 'emergency'
  > {
  readonly facts: Omit<ReleaseFacts, 'line' | 'now'>
  /** A person signed that it must not go out. */
  readonly isRefused: boolean
}

export async function readForJudgement(
  release: Release,
  ports: ReleasePorts,
  pending?: Pending,
): Promise<Readings> {
  const { ledger } = ports
  const policy = await policyInForce(release.product, ledger)
  const demand = demandOf(policy.rules, release.environment, release.kind)
  const emergency = pending?.emergency ?? (await openEmergency(release, ledger))
  const facts = await readFacts(release, ports)
  const manifest = await manifestOf(release, ledger)
  const read = { release, policy, demand, emergency, facts, manifest }
  if (manifest === undefined)
    return { ...read, approvals: [], missing: missingFor(demand.approvals, []), isRefused: false }
  const all = await approvalsOf(release.id, ledger)
  const said = pending === undefined ? all : [...all, pending.approval]
  const approvals = await countApprovals(
    release,
    said.filter(({ act }) => act !== 'refuse'),
    facts.hands,
    ledger,
  )
  return {
    ...{ ...read, approvals, missing: missingFor(demand.approvals, approvals) },
    isRefused: said.some(({ act, ...one }) => act === 'refuse' && stands(one, release)),
  }
}

/** What readings come to at this moment, and above this line. */
export function judgeReadings(
  { facts: read, isRefused, ...readings }: Readings,
  line: ReleaseLine | undefined,
  now: Temporal.Instant,
): Judgement {
  const { demand, emergency, approvals, missing, manifest } = readings
  const facts = { ...read, line, now }
  const checks = checkNames.map((check) => outcomeOf(check, facts, demand))
  const byOne = demand.emergency !== undefined && isByOne(emergency, approvals, now)
  const verdict =
    manifest === undefined
      ? 'not-submitted'
      : isRefused
        ? 'refused'
        : checks.some(({ asked, passed }) => asked && !passed)
          ? 'checks-failed'
          : missing.length === 0
            ? 'approved'
            : byOne
              ? 'emergency'
              : 'waiting'
  return { ...readings, verdict, checks }
}

/** The text that was submitted and has not been changed since. */
async function manifestOf(
  { manifestSha256 }: Release,
  ledger: ReleasePorts['ledger'],
): Promise<Uint8Array | undefined> {
  if (manifestSha256 === null) return undefined
  return (await ledger.find('releaseManifest', 'sha256', [manifestSha256]))?.text
}

/** Whether it may be signed now, so far as people and checks go. */
export function maySign({ verdict, release }: Judgement): boolean {
  return release.state === 'approved' && (verdict === 'approved' || verdict === 'emergency')
}

function outcomeOf(check: CheckName, facts: ReleaseFacts, demand: Demand): CheckOutcome {
  const row = checkRow(check)
  return { check, asked: row.asked(demand), ...row.judge(facts, demand) }
}

function stands(
  { voidedAt, manifestSha256 }: Pick<Approval, 'voidedAt' | 'manifestSha256'>,
  release: Release,
): boolean {
  return voidedAt === null && release.manifestSha256?.toHex() === manifestSha256.toHex()
}

/** One approval does while the emergency lasts, and only the one that declared it. */
function isByOne(
  emergency: Emergency | undefined,
  approvals: readonly CountedApproval[],
  now: Temporal.Instant,
): boolean {
  if (emergency === undefined || Temporal.Instant.compare(emergency.until, now) <= 0) return false
  return approvals.some(
    ({ approval, because }) => because === null && approval.id === emergency.approval,
  )
}
