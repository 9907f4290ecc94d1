// SPDX-License-Identifier: Apache-2.0
import type { Ledger } from '../ledger/ledger.ts'
import type { Release, ReleasePart, ScanRecord } from '../ledger/tables.ts'
import { isByDigest, isContent } from './by-digest.ts'
import { judgeDocument } from './judge-document.ts'
import { scanOf } from './manifest-of.ts'
import { partsOf } from './parts-of.ts'
import type { ReleasePorts } from './ports.ts'
import { checkSecurityVersion } from './security-version.ts'
import { refuseOtherPlan, signingOf } from './signing-of.ts'

/** What may be demanded of a release before it is signed; a signing policy names those that it demands. */
export const releaseCheckNames = [
  'artefacts-here',
  'security-version',
  'signing-plan',
  'sbom-attached',
  'sbom-complete',
  'sbom-supported',
  'vex-attached',
  'vex-settled',
  'provenance-verified',
  'scan-clean',
  'tests-passed',
] as const

export type ReleaseCheckName = (typeof releaseCheckNames)[number]

export interface ReleaseCheck {
  readonly check: ReleaseCheckName
  readonly good: boolean
  /** For people: what was found. */
  readonly detail: string
}

type Found = Omit<ReleaseCheck, 'check'>

/** What is looked at: read anew each time, so that what is signed is what was checked. */
interface Looked {
  readonly release: Release
  readonly parts: readonly ReleasePart[]
  readonly artefacts: readonly ReleasePart[]
  readonly tests: readonly ReleasePart[]
  /** Documents as they were read just now; a refusal says why one is of no use any more. */
  readonly documents: readonly (ReleasePart & { readonly problem: string | undefined })[]
  readonly ports: ReleasePorts
}

/** Looks at a release as it is now, documents and signatures of builders included. */
export async function checkRelease(
  release: Release,
  ports: ReleasePorts,
): Promise<readonly ReleaseCheck[]> {
  const parts = await partsOf(release.id, ports.ledger)
  const artefacts = parts.filter(({ role }) => role === 'artefact')
  const documents = []
  for (const part of parts) {
    if (part.role === 'artefact' || part.role === 'test') continue
    const read = await judgeDocument(part, release, parts, ports)
    documents.push(
      read.kind === 'refused'
        ? { ...part, problem: read.detail }
        : { ...part, facts: read.facts, problem: undefined },
    )
  }
  const tests = parts.filter(({ role }) => role === 'test')
  const looked = { release, parts, artefacts, tests, documents, ports }
  const checks: ReleaseCheck[] = []
  for (const check of releaseCheckNames) checks.push({ check, ...(await looks[check](looked)) })
  return checks
}

const looks: Readonly<Record<ReleaseCheckName, (looked: Looked) => Promise<Found> | Found>> = {
  'artefacts-here': async ({ artefacts, ports }) => {
    if (artefacts.length === 0) return no('there is no artefact')
    // Side by side, here and below: every signature over a digest waits for all of them.
    const here = await Promise.all(
      artefacts.map(
        async (one) => isByDigest(one) || (await ports.artefacts.size(one.sha256)) === one.octets,
      ),
    )
    const missing = artefacts[here.indexOf(false)]
    if (missing !== undefined) return no(`the octets of ${missing.name} are not here`)
    const absent = artefacts.filter(isByDigest).length
    const words = counted(artefacts.length, 'artefact')
    return yes(absent === 0 ? words : `${words}, of which ${absent} by the digest alone`)
  },
  'security-version': async ({ release, ports }) => {
    const falls = await checkSecurityVersion(release, ports.ledger)
    return falls === undefined ? yes(String(release.securityVersion)) : no(falls.detail)
  },
  'signing-plan': async ({ release, parts, ports: { ledger } }) => {
    if (release.state === 'signed' || release.state === 'published')
      return yes('as it was approved, judged when it was signed')
    const other = await refuseOtherPlan(release, parts, ledger)
    if (other !== undefined) return no(other.detail)
    const now = await signingOf(release, parts, ledger)
    if (now.kind === 'refused') return no(now.detail)
    const { plan, lines } = now.signing
    const forms = [...new Set(lines.map(({ form }) => form))].join(', ')
    return yes(`${plan === 0 ? 'no plan' : `plan ${plan}`}: ${forms || 'no form'}`)
  },
  'sbom-attached': (looked) => covering('sbom', looked),
  'sbom-complete': (looked) => without('sbom', 'gaps', 'baseline attributes are missing', looked),
  'sbom-supported': (looked) =>
    without('sbom', 'supportGaps', 'support level or end of support is missing', looked),
  'vex-attached': (looked) => {
    const { documents } = looked
    const found = documents.filter(({ role }) => role === 'vex')
    return found.length === 0 ? no('no vex is attached') : sound(found)
  },
  'vex-settled': (looked) => without('vex', 'open', 'vulnerabilities are not settled', looked),
  'provenance-verified': (looked) => covering('provenance', looked),
  'scan-clean': async ({ artefacts, ports }) => {
    if (artefacts.length === 0) return no('there is no artefact')
    const scans = await Promise.all(artefacts.map(({ sha256 }) => scanOf(sha256, ports.ledger)))
    for (const [index, { name }] of artefacts.entries()) {
      const problem = scanProblem(scans[index])
      if (problem !== undefined) return no(`${name} ${problem}`)
    }
    return yes(`${counted(artefacts.length, 'artefact')} scanned here`)
  },
  'tests-passed': ({ tests }) => {
    const failed = tests.find(({ facts }) => facts['outcome'] !== 'passed')
    if (failed !== undefined) return no(`${failed.name} failed`)
    return tests.length === 0 ? no('no test is attached') : yes(`${tests.length} passed`)
  },
}

function scanProblem(scan: ScanRecord | undefined): string | undefined {
  if (scan === undefined) return 'was not scanned'
  const { madeHere, result, found, notScanned } = scan
  if (madeHere !== true) return 'was scanned elsewhere, which is the word of who noted it'
  if (result === 'found') return `has ${counted(found, 'finding')} (${scan.id})`
  if (result === 'part') return `has ${counted(notScanned, 'part')} that could not be looked into`
  return undefined
}

/** Each artefact is named by the digest in a sound document of the role. */
function covering(role: 'sbom' | 'provenance', { artefacts, documents }: Looked): Found {
  const found = documents.filter((one) => one.role === role)
  if (found.length === 0) return no(`no ${role} is attached`)
  const broken = sound(found)
  if (!broken.good) return broken
  const covered = new Set(found.flatMap(({ facts }) => textsIn(facts['covers'])))
  const missing = artefacts.filter(isContent).find(({ sha256 }) => !covered.has(sha256.toHex()))
  return missing === undefined ? yes(counted(found.length, role)) : no(`none is of ${missing.name}`)
}

/** No document of the role counts anything under a name of its facts. */
function without(role: 'sbom' | 'vex', fact: string, what: string, { documents }: Looked): Found {
  const found = documents.filter((one) => one.role === role)
  const first = found[0]
  if (first === undefined) return no(`no ${role} is attached`)
  const broken = sound(found)
  if (!broken.good) return broken
  const bad = found.find(({ facts }) => Number(facts[fact]) > 0)
  return bad === undefined ? yes('none missing') : no(`${bad.name}: ${bad.facts[fact]} ${what}`)
}

function sound(documents: Looked['documents']): Found {
  const bad = documents.find(({ problem }) => problem !== undefined)
  return bad === undefined
    ? yes(counted(documents.length, 'document'))
    : no(`${bad.name}: ${bad.problem}`)
}

function textsIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}

function yes(detail: string): Found {
  return { good: true, detail }
}

function no(detail: string): Found {
  return { good: false, detail }
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

/** The scans that count for what a release has, by artefact. */
export async function scansOf(
  artefacts: readonly ReleasePart[],
  ledger: Ledger,
): Promise<readonly { readonly artefact: string; readonly scan: ScanRecord }[]> {
  const found = []
  for (const { name, sha256 } of artefacts) {
    const scan = await scanOf(sha256, ledger)
    if (scan !== undefined) found.push({ artefact: name, scan })
  }
  return found
}
