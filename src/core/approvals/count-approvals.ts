// SPDX-License-Identifier: Apache-2.0
/** Which approvals of a release count, and whose they are: a person counts once, whatever they call themselves. */
import { parseCertificate } from '#format/x509/certificate.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Approval, ApproverKey, Release, ReleasePart } from '../ledger/tables.ts'
import type { ApprovalDemands } from './policy/rules.ts'

/** An approval, and why it does not count if it does not. */
export interface CountedApproval {
  readonly approval: Approval
  /** Null: it counts. */
  readonly because: string | null
}

/** Ids of all who had a hand in a release: none of them approves it. */
export function handsIn(release: Release, parts: readonly ReleasePart[]): ReadonlySet<string> {
  return new Set([
    ...release.contributors,
    release.createdBy,
    ...parts.map(({ addedBy }) => addedBy),
  ])
}

/**
 * Judges each approval anew, as things are now: a key that ended, a person who left or who took part counts no more.
 *
 * @param approvals of this release, the first first: of one person the first counts
 */
export async function countApprovals(
  release: Release,
  approvals: readonly Approval[],
  hands: ReadonlySet<string>,
  ledger: Ledger,
): Promise<readonly CountedApproval[]> {
  const seen = new Set<string>()
  const counted: CountedApproval[] = []
  for (const approval of approvals) {
    const key = await ledger.read('approverKey', approval.approverKey)
    const because = await reasonAgainst(approval, key, release, hands, ledger)
    if (because !== undefined || key === undefined) {
      counted.push({ approval, because: because ?? 'its key is not known' })
      continue
    }
    const marks = marksOf(approval, key)
    const isSame = marks.some((mark) => seen.has(mark))
    for (const mark of marks) seen.add(mark)
    counted.push({ approval, because: isSame ? 'this person is counted already' : null })
  }
  return counted
}

async function reasonAgainst(
  approval: Approval,
  key: ApproverKey | undefined,
  release: Release,
  hands: ReadonlySet<string>,
  ledger: Ledger,
): Promise<string | undefined> {
  if (approval.voidedAt !== null) return `void: ${approval.voidedBecause}`
  if (release.manifestSha256?.toHex() !== approval.manifestSha256.toHex())
    return 'it is of another manifest'
  if (key?.state !== 'active') return `its key is ${key?.state ?? 'not known'}`
  // Weak or compromised is said of the key itself, by whoever found that out.
  const known = await ledger.read('key', key.key)
  if (known?.state !== 'active') return `its key is ${known?.state ?? 'not known'}`
  if (hands.has(approval.person)) return 'this person took part in the release'
  const person = await ledger.read('person', approval.person)
  if (person?.state !== 'active') return 'this person has no account any more'
  return person.role === 'auditor' ? 'this person is auditor' : undefined
}

/**
 * What two approvals of one person have in common, though account, key and certificate differ: the account, the
 * printed name whatever its case, blanks, dots and accents, and the subject that somebody else certified.
 */
export function marksOf({ person, name }: Approval, { chain }: ApproverKey): readonly string[] {
  const subject = certifiedSubject(chain)
  return [
    `person ${person}`,
    `name ${foldedName(name)}`,
    ...(subject === undefined ? [] : [`subject ${subject}`]),
  ]
}

/** A printed name by its letters and digits alone. */
export function foldedName(name: string): string {
  return name
    .normalize('NFKD')
    .replace(/[^\p{L}\p{N}]/gu, '')
    .toLowerCase()
}

/** The subject of the certificate over the key, where another vouches for it. */
function certifiedSubject([own]: readonly string[]): string | undefined {
  if (own === undefined) return undefined
  const { issuer, subject } = parseCertificate(Uint8Array.fromBase64(own), {
    unknownCritical: 'keep',
  })
  const hex = subject.der.toHex()
  return hex === issuer.der.toHex() ? undefined : hex
}

/** What is missing for a demand, in words; empty: nothing. */
export function missingFor(
  { people, roles = [] }: ApprovalDemands,
  counted: readonly CountedApproval[],
): readonly string[] {
  const agreed = counted.filter(({ because }) => because === null)
  const lacks: string[] = []
  const more = people - agreed.length
  if (more > 0) lacks.push(more === 1 ? 'one more person' : `${more} more people`)
  for (const { role, people: wanted } of roles) {
    const found = agreed.filter(({ approval }) => approval.role === role).length
    if (found < wanted) lacks.push(`${wanted - found} of role ${role}`)
  }
  return lacks
}
