// SPDX-License-Identifier: Apache-2.0
/** Every check that stands between a release and its signature: one table, in the order in which people read it. */
import type { Release, ReleaseLine, ReleasePart, ScanRecord } from '../ledger/tables.ts'
import { toBeSignedIn } from '../releases/by-digest.ts'
import type { ReleaseCheck, ReleaseCheckName } from '../releases/checks.ts'
import type { Demand } from './policy/rules.ts'

/** All that a release is judged by. */
export interface ReleaseFacts {
  readonly release: Release
  readonly parts: readonly ReleasePart[]
  /** What was looked at just now: octets, documents and the signatures of builders. */
  readonly looked: ReadonlyMap<ReleaseCheckName, ReleaseCheck>
  /** By the digest of an artefact, hexadecimal: its scans that count, the newest first. */
  readonly scans: ReadonlyMap<string, readonly ScanRecord[]>
  /** What was signed before it for the same devices. */
  readonly line: ReleaseLine | undefined
  /** Ids of all who had a hand in it. */
  readonly hands: ReadonlySet<string>
  readonly now: Temporal.Instant
}

/** What a check came to; the detail is for people, in one line. */
export interface Finding {
  readonly passed: boolean
  readonly detail: string
}

export interface CheckRow {
  /** What is true when it passes. */
  readonly title: string
  /** What to do when it does not. */
  readonly remedy: string
  /** Whether a demand asks for it; those that every demand asks for answer true. */
  asked(demand: Demand): boolean
  judge(facts: ReleaseFacts, demand: Demand): Finding
}

const always = () => true

export const checks = {
  'artefacts-here': {
    title: 'every octet of it is here, or is known by its digest',
    remedy: 'upload what is missing, and attach it',
    asked: always,
    judge: seen('artefacts-here'),
  },
  'security-version': {
    title: 'its security version does not fall',
    remedy:
      'give it the security version of the newest signed release of its channel, or a higher one',
    asked: always,
    judge: seen('security-version'),
  },
  'signing-plan': {
    title: 'it will be signed by the plan and the keys that it was submitted with',
    remedy: 'submit it again and have it approved, or bring back the plan',
    asked: always,
    judge: seen('signing-plan'),
  },
  'security-version-rises': {
    title: 'a security release has a higher security version than the one before it',
    remedy: 'raise its security version, so that devices do not go back to what it mends',
    asked: ({ checks }) => checks.securityVersionRises === true,
    judge: judgeRise,
  },
  'scan-clean': {
    title: 'every artefact was scanned lately, and nothing was found that must not be in it',
    remedy: 'have the server scan each artefact (vitalsign scan send), and mend what it finds',
    asked: ({ checks }) => checks.scan !== undefined,
    judge: judgeScans,
  },
  'sbom-attached': {
    title: 'an SBOM names each artefact',
    remedy: 'attach the SBOM of this build',
    asked: ({ checks }) => checks.sbom !== undefined,
    judge: seen('sbom-attached'),
  },
  'sbom-complete': {
    title: 'the SBOM has the NTIA baseline attributes of each component',
    remedy: 'fill in what it lacks, and attach it again',
    asked: ({ checks }) => checks.sbom === 'complete' || checks.sbom === 'supported',
    judge: seen('sbom-complete'),
  },
  'sbom-supported': {
    title: 'the SBOM says how long each component is supported, and by whom',
    remedy: 'add support level and end of support of each component, and attach it again',
    asked: ({ checks }) => checks.sbom === 'supported',
    judge: seen('sbom-supported'),
  },
  'vex-attached': {
    title: 'a VEX document says what is known of vulnerabilities in it',
    remedy: 'attach a VEX document, also where it says that none is known',
    asked: ({ checks }) => checks.vex !== undefined,
    judge: seen('vex-attached'),
  },
  'vex-settled': {
    title: 'no vulnerability is left open in the VEX document',
    remedy: 'mend what is open, or say in the VEX document why it does not matter here',
    asked: ({ checks }) => checks.vex === 'settled',
    judge: seen('vex-settled'),
  },
  'provenance-verified': {
    title: 'a builder that is believed says where each artefact comes from',
    remedy: 'attach the provenance of the build, of a builder that the policy names',
    asked: ({ checks }) => checks.provenance !== undefined,
    judge: judgeProvenance,
  },
  'tests-passed': {
    title: 'it refers to tests, and none of them failed',
    remedy: 'attach a reference to the test report of this build',
    asked: ({ checks }) => checks.tests === true,
    judge: seen('tests-passed'),
  },
  'support-end-given': {
    title: 'it says until when devices that run it are supported',
    remedy: 'say the end of support (vitalsign release edit --support-until TIME)',
    asked: ({ checks }) => checks.supportUntil === true,
    judge: judgeSupport,
  },
  'origin-known': {
    title:
      'it is known who made it: people who signed in, machines of their own, or jobs of builds',
    remedy:
      'whoever sits at the server (local) is nobody, and what such had a hand in stays so: give it another version (vitalsign release edit --version), withdraw it, and begin anew, signed in on the page, as a machine (--server with --cert and --key), or as a job of a build (vitalsign release deliver)',
    asked: ({ checks }) => checks.originKnown === true,
    judge: judgeOrigin,
  },
} as const satisfies Record<string, CheckRow>

export type CheckName = keyof typeof checks

/** The names, in the order of the table. */
export const checkNames = Object.keys(checks) as readonly CheckName[]

export function checkRow(name: CheckName): CheckRow {
  return checks[name]
}

/** What was looked at in the release itself. */
function seen(name: ReleaseCheckName): CheckRow['judge'] {
  return ({ looked }) => {
    const found = looked.get(name)
    return { passed: found?.good === true, detail: found?.detail ?? 'it was not looked at' }
  }
}

function judgeRise({ release, line }: ReleaseFacts): Finding {
  const { securityVersion, kind } = release
  if (kind !== 'security') return { passed: true, detail: `it is no security release but ${kind}` }
  // What is signed is the line itself, or behind one that was signed later: it was held against it then.
  if (release.state === 'signed' || release.state === 'published')
    return { passed: true, detail: `${securityVersion}, judged when it was signed` }
  // From its first digest on it is the line itself.
  const isOwn = line?.release === release.id
  return {
    passed: line === undefined || isOwn || securityVersion > line.securityVersion,
    detail:
      line === undefined
        ? `${securityVersion}, the first of its channel`
        : `${securityVersion}, and ${line.securityVersion} was signed before it`,
  }
}

function judgeScans({ parts, scans, now }: ReleaseFacts, { checks: { scan } }: Demand): Finding {
  if (scan === undefined) return { passed: true, detail: 'no scan is asked' }
  const artefacts = parts.filter(({ role }) => role === 'artefact')
  const faults: string[] = []
  let oldest: Temporal.Instant | undefined
  let accepted = 0
  for (const part of artefacts) {
    const { name, sha256 } = part
    const toBeSigned = toBeSignedIn(part)
    if (toBeSigned !== undefined) {
      // Nobody can look into what is to be signed: it is worth what the word of the build is, and a policy that
      // believes its own scans alone takes none.
      if (scan.here) faults.push(`${name} is known by its digest alone`)
      continue
    }
    const all = scans.get(sha256.toHex()) ?? []
    const here = all.find(({ madeHere }) => madeHere === true)
    const newest = scan.here ? here : all[0]
    if (newest === undefined) {
      faults.push(`${name} was not scanned${all.length > 0 ? ' here' : ''}`)
      continue
    }
    // What was found here counts, though somebody noted a better result from elsewhere after it.
    const bad = [here, newest].find((one) => one !== undefined && one.result !== 'clean')
    const fault = bad === undefined ? faultOf(newest, scan, now) : scanWords(bad)
    if (fault !== undefined) faults.push(`${name} ${fault}`)
    accepted += newest.accepted
    if (oldest === undefined || Temporal.Instant.compare(newest.endedAt, oldest) < 0)
      oldest = newest.endedAt
  }
  const more = accepted > 0 ? `, ${accepted} accepted by a baseline` : ''
  const since = oldest?.toString({ smallestUnit: 'second' })
  return faults.length > 0
    ? { passed: false, detail: faults.join('; ') }
    : { passed: artefacts.length > 0, detail: `${artefacts.length} clean since ${since}${more}` }
}

const dayMilliseconds = 86_400_000

function faultOf(
  { rules, endedAt }: ScanRecord,
  asked: NonNullable<Demand['checks']['scan']>,
  now: Temporal.Instant,
): string | undefined {
  if (asked.rules !== undefined && rules !== asked.rules)
    return `was scanned by rules ${rules}, asked are ${asked.rules}`
  // In milliseconds, since each signature over a digest asks it of each artefact of its release.
  return endedAt.epochMilliseconds + dayMilliseconds * asked.atMostDays < now.epochMilliseconds
    ? `was scanned over ${asked.atMostDays} days ago`
    : undefined
}

function scanWords({ id, result, found, notScanned }: ScanRecord): string {
  return result === 'found'
    ? `has ${found} found by scan ${id}`
    : `has ${notScanned} parts that scan ${id} could not look into`
}

function judgeProvenance(facts: ReleaseFacts, { checks: { provenance } }: Demand): Finding {
  const read = seen('provenance-verified')(facts, { checks: {}, approvals: { people: 1 } })
  const believed = provenance?.builders
  if (!read.passed || believed === undefined) return read
  const builders = facts.parts
    .filter(({ role }) => role === 'provenance')
    .map((part) => String(part.facts['builder'] ?? ''))
  const other = builders.find((builder) => !believed.includes(builder))
  return other === undefined
    ? { passed: true, detail: builders.join(', ') }
    : { passed: false, detail: `the policy does not name the builder ${other}` }
}

function judgeSupport({ release: { supportUntil }, now }: ReleaseFacts): Finding {
  if (supportUntil === null) return { passed: false, detail: 'it does not say' }
  return {
    passed: Temporal.Instant.compare(supportUntil, now) > 0,
    detail: `until ${supportUntil.toString({ smallestUnit: 'second' })}`,
  }
}

/** A person, a machine that has a certificate of its own, or a job for which the service that ran it gave its word. */
const knownForm = /^(?:grn|mch|psn)_[0-9a-f]{32}$/

function judgeOrigin({ hands }: ReleaseFacts): Finding {
  const unknown = [...hands].filter((id) => !knownForm.test(id))
  return unknown.length === 0
    ? { passed: true, detail: `${hands.size} had a hand in it` }
    : { passed: false, detail: `${unknown.map(shownHand).join(', ')} had a hand in it` }
}

function shownHand(id: string): string {
  return id === 'local'
    ? 'somebody at the server itself (local)'
    : `${id}, who proved to be nobody,`
}
