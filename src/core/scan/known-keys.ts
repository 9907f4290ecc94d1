// SPDX-License-Identifier: Apache-2.0
import { identityOf } from '#trust/secrets/identity.ts'
import { type RuleName, rules } from '#trust/secrets/rules.ts'
import type { Finding } from './finding.ts'
import type { RawKey } from './raw-keys.ts'

/** What the inventory says of a key. */
export interface KnownKey {
  readonly fingerprint: string
  readonly ownerName: string
  readonly purpose: string
  readonly certificates: number
  readonly inForce: number
  readonly devices: number | null
  readonly sharedWith: string | null
}

/** What has the private half, whatever it is wrapped in. */
const privateRules: ReadonlySet<string> = new Set([
  ...(['private-key', 'private-key-encrypted', 'raw-key', 'test-key'] as const),
] satisfies readonly RuleName[])

/** The fingerprints that the inventory is to be asked about: of private keys, and of octets that may be some. */
export function fingerprintsToAsk(
  findings: readonly Finding[],
  rawKeys: readonly RawKey[],
): readonly string[] {
  const found = findings.flatMap(({ rule, key }) => (key && privateRules.has(rule) ? key : []))
  return [...new Set([...found, ...rawKeys.map(({ fingerprint }) => fingerprint)])]
}

/** For each private key that the inventory knows, a finding beside its own that says whose it is. */
export function findKnownKeys(
  findings: readonly Finding[],
  rawKeys: readonly RawKey[],
  known: readonly KnownKey[],
): readonly Finding[] {
  const byKey = new Map(known.map((owner) => [owner.fingerprint, owner]))
  const told = new Set<string>()
  const proved = findings.flatMap((finding) => {
    const owner = privateRules.has(finding.rule) ? byKey.get(finding.key ?? '') : undefined
    if (owner === undefined) return []
    told.add(owner.fingerprint)
    return findingOf(owner, `this key belongs to ${wordsFor(owner)}`, finding)
  })
  const raw = rawKeys.flatMap(({ path, offset, family, fingerprint }) => {
    const owner = byKey.get(fingerprint)
    if (owner === undefined || told.has(fingerprint)) return []
    told.add(fingerprint)
    const what = `32 octets that are the ${family} private key of ${wordsFor(owner)}`
    return findingOf(owner, what, { path, offset })
  })
  return [...proved, ...raw]
}

function findingOf(
  { fingerprint }: KnownKey,
  what: string,
  { path, offset }: Pick<Finding, 'path' | 'offset'>,
): Finding {
  const rule = 'private-key-known'
  return {
    ...{ rule, severity: rules[rule].severity, confidence: 'certain', path, offset },
    ...{ what, identity: identityOf(rule, fingerprint), key: fingerprint },
  }
}

function wordsFor({ ownerName, purpose, ...counts }: KnownKey): string {
  const { certificates, inForce, devices, sharedWith } = counts
  const shared = sharedWith === null ? '' : ` and, as it proved, to ${sharedWith}`
  const many = certificates === 1 ? 'certificate' : 'certificates'
  const below =
    devices === null
      ? ''
      : `; ${devices.toLocaleString('en')} ${devices === 1 ? 'device has' : 'devices have'} what it issued`
  return `${ownerName}${shared} (${purpose}), with ${certificates} ${many}, ${inForce} in force${below}`
}
