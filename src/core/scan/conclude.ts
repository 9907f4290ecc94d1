// SPDX-License-Identifier: Apache-2.0
import { identityOf } from '#trust/secrets/identity.ts'
import { type RuleName, rules } from '#trust/secrets/rules.ts'
import type { Clue, Finding } from './finding.ts'
import { familiesIn, leavesCandidates, type RawKey, tryCandidates } from './raw-keys.ts'
import { showPath } from './show-path.ts'

type Placed = Clue & { readonly path: readonly string[] }

/**
 * What all files together show: keys beside their certificates, raw keys, one identity in many places.
 *
 * @param clues of all threads
 * @param rawKeys what the candidates among them may be, where that was found out before
 */
export function conclude(
  clues: readonly Placed[],
  rawKeys: readonly RawKey[] = [...tryCandidates(clues, familiesIn(clues))].flat(),
): readonly Finding[] {
  const byKind = Map.groupBy(clues, ({ kind }) => kind)
  const certificates = byKind.get('certificate') ?? []
  const publicKeys = [...certificates, ...(byKind.get('public-key') ?? [])]
  return [
    ...pairedKeys(byKind.get('private-key') ?? [], certificates),
    ...ofThisImage(rawKeys, publicKeys),
    ...duplicates(certificates),
    ...expiredRoots(certificates),
    ...[...(byKind.get('too-many') ?? []), leavesCandidates(clues) ?? []]
      .flat()
      .slice(0, 1)
      .map(notCompared),
  ]
}

function finding(
  rule: RuleName,
  { path, offset }: Pick<Placed, 'path' | 'offset'>,
  rest: Pick<Finding, 'what' | 'identity'> & Partial<Finding>,
): Finding {
  return { rule, severity: rules[rule].severity, confidence: 'certain', path, offset, ...rest }
}

/** One finding a key and certificate, at the first place of the key. */
function pairedKeys(keys: readonly Placed[], certificates: readonly Placed[]): readonly Finding[] {
  const byKey = Map.groupBy(certificates, ({ facts }) => facts.fingerprint ?? '')
  const told = new Set<string>()
  return keys.flatMap((key) => {
    const { fingerprint = '', algorithm = '' } = key.facts
    const [certificate] = byKey.get(fingerprint) ?? []
    if (certificate === undefined || fingerprint === '' || told.has(fingerprint)) return []
    told.add(fingerprint)
    const rule = 'private-key-of-certificate'
    const where = showPath(certificate.path)
    return finding(rule, key, {
      what: `${algorithm} private key of the certificate ${certificate.facts.subject} in ${where}`,
      ...{ identity: identityOf(rule, fingerprint), key: fingerprint },
    })
  })
}

function ofThisImage(keys: readonly RawKey[], publicKeys: readonly Placed[]): readonly Finding[] {
  const wanted = new Map(publicKeys.map((clue) => [clue.facts.fingerprint ?? '', clue]))
  const told = new Set<string>()
  return keys.flatMap(({ path, offset, family, fingerprint }) => {
    const clue = wanted.get(fingerprint)
    if (clue === undefined || told.has(fingerprint)) return []
    told.add(fingerprint)
    return finding(
      'raw-key',
      { path, offset },
      {
        what: `32 octets that are the ${family} private key of ${nameOf(clue)}`,
        ...{ identity: identityOf('raw-key', fingerprint), key: fingerprint },
      },
    )
  })
}

function nameOf({ kind, facts, path }: Placed): string {
  const what = kind === 'certificate' ? `the certificate ${facts.subject}` : 'the public key'
  return `${what} in ${showPath(path)}`
}

/** Roots and intermediates stand in many bundles, and harm nobody; one device's identity in two places does. */
function duplicates(certificates: readonly Placed[]): readonly Finding[] {
  const ends = certificates.filter(({ facts }) => facts.role === 'end')
  return [...Map.groupBy(ends, ({ facts }) => facts.sha256 ?? '')].flatMap(([sha256, places]) => {
    const paths = new Set(places.map(({ path }) => showPath(path)))
    const [first] = places
    if (first === undefined || paths.size < 2) return []
    const rule = 'certificate-duplicated'
    const { subject = '', fingerprint = '' } = first.facts
    return finding(rule, first, {
      what: `certificate ${subject} in ${paths.size} places: ${[...paths].slice(0, 3).join(', ')}`,
      identity: identityOf(rule, sha256),
      ...(fingerprint === '' ? {} : { key: fingerprint }),
    })
  })
}

/** As many roots as these are a bundle of the public web's: whoever publishes it looks after it. */
const bundle = 40

function expiredRoots(certificates: readonly Placed[]): readonly Finding[] {
  const roots = Map.groupBy(
    certificates.filter(({ facts }) => facts.role === 'root'),
    ({ facts }) => facts.sha256 ?? '',
  )
  if (roots.size >= bundle) return []
  return [...roots].flatMap(([sha256, [first]]) => {
    const { subject = '', expired, fingerprint = '' } = first?.facts ?? {}
    if (first === undefined || expired === undefined) return []
    const rule = 'certificate-expired'
    return finding(rule, first, {
      what: `root ${subject} expired at ${expired}`,
      identity: identityOf(rule, sha256),
      ...(fingerprint === '' ? {} : { key: fingerprint }),
    })
  })
}

function notCompared({ path, offset }: Placed): Finding {
  return finding(
    'not-compared',
    { path, offset },
    {
      what: 'from here on certificates and possible keys were not compared with each other',
      identity: identityOf('not-compared', 'scan'),
    },
  )
}
