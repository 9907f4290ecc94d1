// SPDX-License-Identifier: Apache-2.0
/** Chains of certificates drawn by chance: good ones, and ones that are spoiled in exactly one way. */
import { type Oid, oid } from '#format/der/oid.ts'
import { keyPurposes } from '#format/oids.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { type Extension, type ExtensionName, encodeExtension } from '#format/x509/extension.ts'
import type { GeneralName } from '#format/x509/general-name.ts'
import { parseNameText } from '#format/x509/name.ts'
import type { TrustRefusal } from '#trust/refusal.ts'
import type { Random } from '../fuzz/random.ts'
import {
  certify,
  type Entity,
  keyIdentifierOf,
  madeNow,
  makeEntity,
  type Wish,
} from '../made-certificates.ts'

/** One certificate that is to be made; the first is the root. */
interface Link {
  entity: Entity
  issuer: Entity
  readonly extensions: Map<ExtensionName | 'stranger', Extension>
  wish: Wish
  left: boolean
}

export interface DrawnChain {
  readonly spoiling: Spoiling | undefined
  /** Undefined if it was left out. */
  readonly root: Certificate | undefined
  readonly intermediates: readonly Certificate[]
  readonly leaf: Certificate
}

/** What is done to a good chain, and how we refuse it then. */
export interface Spoiling {
  readonly what: string
  readonly reason: TrustRefusal
  /** False if the chain is too short for it. */
  readonly spoil: (links: readonly Link[], strangers: Entity) => boolean | undefined
}

const [policy, otherPolicy] = [1, 2].map((number) => oid(`1.3.6.1.4.1.99999.9.${number}`)) as [
  Oid,
  Oid,
]
const names: readonly GeneralName[] = [
  { kind: 'dns', value: 'pump.example.com' },
  { kind: 'email', value: 'pump@example.com' },
  { kind: 'ip', bytes: Uint8Array.of(192, 0, 2, 7) },
  { kind: 'uri', value: 'https://pump.example.com/a' },
]
const within: Readonly<Record<string, GeneralName>> = {
  dns: { kind: 'dns', value: 'example.com' },
  email: { kind: 'email', value: 'example.com' },
  ip: { kind: 'ip', bytes: Uint8Array.of(192, 0, 2, 0, 255, 255, 255, 0) },
  uri: { kind: 'uri', value: '.example.com' },
  directory: { kind: 'directory', name: parseNameText('O=Maker') },
}
const outside: Readonly<Record<string, GeneralName>> = {
  dns: { kind: 'dns', value: 'ample.com' },
  email: { kind: 'email', value: '.example.com' },
  ip: { kind: 'ip', bytes: Uint8Array.of(192, 0, 3, 0, 255, 255, 255, 0) },
  uri: { kind: 'uri', value: 'example.com' },
  directory: { kind: 'directory', name: parseNameText('O=Faker') },
}

const earlier = { notAfter: madeNow.subtract({ hours: 1 }) }
const later = { notBefore: madeNow.add({ hours: 1 }) }

export const spoilings: readonly Spoiling[] = [
  spoilWish('leaf', 'has expired', 'certificate-expired', earlier),
  spoilWish('intermediate', 'has expired', 'certificate-expired', earlier),
  spoilWish('root', 'has expired', 'certificate-expired', earlier),
  spoilWish('leaf', 'is not yet valid', 'certificate-not-yet-valid', later),
  spoilWish('intermediate', 'is not yet valid', 'certificate-not-yet-valid', later),
  spoilExtension(
    'intermediate',
    'certificate-not-trusted',
    'basicConstraints',
    encodeExtension('basicConstraints', { ca: false }),
  ),
  spoilExtension(
    'intermediate',
    'certificate-not-trusted',
    'keyUsage',
    encodeExtension('keyUsage', ['digitalSignature', 'cRLSign']),
  ),
  spoilExtension(
    'leaf',
    'certificate-wrong-purpose',
    'keyUsage',
    encodeExtension('keyUsage', ['keyEncipherment']),
  ),
  spoilExtension(
    'leaf',
    'certificate-wrong-purpose',
    'extKeyUsage',
    encodeExtension('extKeyUsage', [keyPurposes.serverAuth]),
  ),
  spoilExtension(
    'intermediate',
    'certificate-wrong-purpose',
    'extKeyUsage',
    encodeExtension('extKeyUsage', [keyPurposes.codeSigning]),
  ),
  ...(['leaf', 'intermediate'] as const).map((place) =>
    spoilExtension(place, 'certificate-not-trusted', 'stranger', {
      oid: oid('1.3.6.1.4.1.99999.1'),
      critical: true,
      value: Uint8Array.of(5, 0),
    }),
  ),
  ...Object.keys(within).flatMap((form) => [
    spoilNames(`${form} is not permitted`, [outside[form]!], []),
    spoilNames(`${form} is excluded`, [], [within[form]!]),
  ]),
  {
    what: 'the leaf was signed by another key',
    reason: 'signature-wrong',
    spoil: (links, stranger) => signedBy(links.at(-1)!, stranger),
  },
  {
    what: 'an intermediate was signed by another key',
    reason: 'signature-wrong',
    spoil: (links, stranger) => signedBy(links[1]!, stranger),
  },
  {
    what: 'the leaf names another issuer',
    reason: 'certificate-not-trusted',
    spoil(links, stranger) {
      const leaf = links.at(-1)!
      leaf.issuer = { ...leaf.issuer, name: stranger.name }
    },
  },
  {
    what: 'an intermediate is missing',
    reason: 'certificate-not-trusted',
    spoil: (links) => leave(links[1]!),
  },
  {
    what: 'the root is missing',
    reason: 'certificate-not-trusted',
    spoil: (links) => leave(links[0]!),
  },
  {
    what: 'a path length is exceeded',
    reason: 'path-too-long',
    spoil(links) {
      if (links.length < 4) return false
      const room = links.length - 4
      links[1]!.extensions.set(
        'basicConstraints',
        encodeExtension('basicConstraints', { ca: true, pathLength: room }),
      )
      return true
    },
  },
  {
    what: 'the root’s path length is exceeded',
    reason: 'path-too-long',
    spoil(links) {
      const room = links.length - 3
      links[0]!.extensions.set(
        'basicConstraints',
        encodeExtension('basicConstraints', { ca: true, pathLength: room }),
      )
    },
  },
  {
    what: 'an explicit policy is asked and not asserted',
    reason: 'certificate-not-trusted',
    spoil(links) {
      askPolicy(links, policy)
      links
        .at(-1)!
        .extensions.set(
          'certificatePolicies',
          encodeExtension('certificatePolicies', [{ oid: otherPolicy }]),
        )
    },
  },
]

function spoilWish(place: Place, what: string, reason: TrustRefusal, wish: Wish): Spoiling {
  return {
    what: `the ${place} ${what}`,
    reason,
    spoil(links) {
      const link = at(links, place)
      link.wish = { ...link.wish, ...wish }
    },
  }
}

function spoilExtension(
  place: Place,
  reason: TrustRefusal,
  name: ExtensionName | 'stranger',
  extension: Extension,
): Spoiling {
  return {
    what: `the ${place} has another ${name}`,
    reason,
    spoil: (links) => void at(links, place).extensions.set(name, extension),
  }
}

function spoilNames(
  what: string,
  permitted: readonly GeneralName[],
  excluded: readonly GeneralName[],
): Spoiling {
  return {
    what,
    reason: 'name-not-permitted',
    spoil: (links) =>
      void links.at(-2)!.extensions.set('nameConstraints', constrain(permitted, excluded)),
  }
}

type Place = 'root' | 'intermediate' | 'leaf'

function at(links: readonly Link[], place: Place): Link {
  return links.at({ root: 0, intermediate: 1, leaf: -1 }[place])!
}

function signedBy(link: Link, stranger: Entity): true {
  link.wish = { ...link.wish, signedBy: stranger.pair.privateKey }
  return true
}

function leave(link: Link): true {
  link.left = true
  return true
}

function constrain(permitted: readonly GeneralName[], excluded: readonly GeneralName[]): Extension {
  return encodeExtension('nameConstraints', {
    permitted: permitted.map((base) => ({ base })),
    excluded: excluded.map((base) => ({ base })),
  })
}

function askPolicy(links: readonly Link[], asked: Oid): void {
  for (const link of links.slice(1))
    link.extensions.set(
      'certificatePolicies',
      encodeExtension('certificatePolicies', [{ oid: asked }]),
    )
  links[1]!.extensions.set(
    'policyConstraints',
    encodeExtension('policyConstraints', { requireExplicitPolicy: 0 }),
  )
}

/** Keys are dear and say nothing of paths, so all chains share a few; only names are always new. */
export async function makeKeyPool(): Promise<readonly Entity[]> {
  const algorithms = ['p-256', 'p-256', 'p-256', 'p-384', 'p-521', 'ed25519', 'rsa-2048'] as const
  return Promise.all(algorithms.map((algorithm) => makeEntity('CN=pool', algorithm)))
}

/** Draws the chain of this number; with a spoiling, spoiled. Undefined if the spoiling does not fit it. */
export async function drawChain(
  number: number,
  pool: readonly Entity[],
  random: Random,
  spoiling?: Spoiling,
): Promise<DrawnChain | undefined> {
  const links = drawLinks(number, pool, random)
  // Same family as the issuer's key is needed, so that the signature is wrong and not its algorithm.
  const stranger = { ...pool[0]!, name: parseNameText(`CN=Stranger ${number}`) }
  if (spoiling?.what.includes('signed by another key')) {
    for (const link of links.slice(0, -1)) link.entity = { ...pool[1]!, name: link.entity.name }
    for (const [index, link] of links.entries()) link.issuer = links[Math.max(0, index - 1)]!.entity
    for (const link of links) setIdentifiers(link)
  }
  if (spoiling?.spoil(links, stranger) === false) return undefined
  const made = await Promise.all(
    links.map(({ entity, issuer, extensions, wish }) =>
      certify(entity, issuer, { ...wish, extensions: [...extensions.values()] }),
    ),
  )
  const kept = made.map((certificate, index) => (links[index]!.left ? undefined : certificate))
  return {
    spoiling,
    root: kept[0],
    intermediates: kept.slice(1, -1).filter((one) => one !== undefined),
    leaf: made.at(-1)!,
  }
}

function drawLinks(number: number, pool: readonly Entity[], random: Random): Link[] {
  const depth = 3 + random.below(3)
  const links: Link[] = []
  for (let index = 0; index < depth; index++) {
    const name = index === depth - 1 ? `PUMP ${number}` : `Authority ${number} ${index}`
    const entity = { pair: random.oneOf(pool).pair, name: parseNameText(`CN=${name},O=Maker`) }
    const issuer = links.at(-1)?.entity ?? entity
    const link: Link = { entity, issuer, extensions: new Map(), wish: {}, left: false }
    links.push(link)
    setIdentifiers(link)
    if (index === depth - 1) dressLeaf(link, random)
    else dressAuthority(link, depth - 2 - index, random)
  }
  if (random.chance(4)) askPolicy(links, policy)
  return links
}

function setIdentifiers({ entity, issuer, extensions }: Link): void {
  const keyIdentifier = keyIdentifierOf(issuer)
  extensions.set(
    'subjectKeyIdentifier',
    encodeExtension('subjectKeyIdentifier', keyIdentifierOf(entity)),
  )
  extensions.set(
    'authorityKeyIdentifier',
    encodeExtension('authorityKeyIdentifier', { keyIdentifier }),
  )
}

function dressAuthority({ extensions }: Link, room: number, random: Random): void {
  const pathLength = room + random.below(3)
  extensions.set(
    'basicConstraints',
    encodeExtension('basicConstraints', { ca: true, ...(random.chance(2) ? { pathLength } : {}) }),
  )
  extensions.set('keyUsage', encodeExtension('keyUsage', ['keyCertSign', 'cRLSign']))
  if (random.chance(4))
    extensions.set(
      'extKeyUsage',
      encodeExtension('extKeyUsage', [keyPurposes.clientAuth, keyPurposes.serverAuth]),
    )
  if (random.chance(3)) {
    const forms = Object.keys(within).filter(() => random.chance(2))
    const permitted = forms.map((form) => within[form]!)
    const excluded = Object.keys(outside)
      .filter(() => random.chance(2))
      .map((form) => outside[form]!)
    if (permitted.length + excluded.length > 0)
      extensions.set('nameConstraints', constrain(permitted, excluded))
  }
}

function dressLeaf({ extensions }: Link, random: Random): void {
  extensions.set('keyUsage', encodeExtension('keyUsage', ['digitalSignature']))
  extensions.set('subjectAltName', encodeExtension('subjectAltName', names))
  if (random.chance(2))
    extensions.set('extKeyUsage', encodeExtension('extKeyUsage', [keyPurposes.clientAuth]))
}
