// SPDX-License-Identifier: Apache-2.0
import { fingerprintOf } from '#trust/public-key.ts'
import { identityOf } from '#trust/secrets/identity.ts'
import { publicOfRaw, type RawFamily, rawFamilies } from '#trust/secrets/keys/raw-key.ts'
import { type RuleName, rules } from '#trust/secrets/rules.ts'
import type { Clue, Conclude, Finding } from './finding.ts'
import { showPath } from './show-path.ts'

type Placed = Clue & { readonly path: readonly string[] }

/** What all files together show: keys beside their certificates, raw keys, one identity in many places. */
export const conclude: Conclude = (clues) => {
  const byKind = Map.groupBy(clues, ({ kind }) => kind)
  const certificates = byKind.get('certificate') ?? []
  const publicKeys = [...certificates, ...(byKind.get('public-key') ?? [])]
  return [
    ...pairedKeys(byKind.get('private-key') ?? [], certificates),
    ...rawKeys(byKind.get('raw-candidate') ?? [], publicKeys),
    ...duplicates(certificates),
    ...expiredRoots(certificates),
    ...(byKind.get('too-many') ?? []).slice(0, 1).map(notCompared),
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

/** So many octets are tried: each costs some 50 microseconds for each family of keys that the image has. */
const mostCandidates = 20_000

function rawKeys(candidates: readonly Placed[], publicKeys: readonly Placed[]): readonly Finding[] {
  const wanted = new Map(publicKeys.map((clue) => [clue.facts.fingerprint ?? '', clue]))
  const families = rawFamilies.filter((family) =>
    publicKeys.some(({ facts }) => facts.family === family),
  )
  const told = new Set<string>()
  const tried = new Set<string>()
  const found: Finding[] = []
  for (const candidate of candidates) {
    const text = candidate.octets.toHex()
    if (families.length === 0 || tried.size >= mostCandidates || tried.has(text)) continue
    tried.add(text)
    for (const family of families) {
      const match = matchOf(family, candidate.octets, wanted)
      if (match === undefined || told.has(match.fingerprint)) continue
      told.add(match.fingerprint)
      const { fingerprint, clue } = match
      found.push(
        finding('raw-key', candidate, {
          what: `32 octets that are the ${family} private key of ${nameOf(clue)}`,
          ...{ identity: identityOf('raw-key', fingerprint), key: fingerprint },
        }),
      )
    }
  }
  return found
}

function matchOf(family: RawFamily, octets: Uint8Array, wanted: ReadonlyMap<string, Placed>) {
  const material = publicOfRaw(family, octets)
  if (material === undefined) return undefined
  const fingerprint = fingerprintOf(family, material).toHex()
  const clue = wanted.get(fingerprint)
  return clue === undefined ? undefined : { fingerprint, clue }
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
