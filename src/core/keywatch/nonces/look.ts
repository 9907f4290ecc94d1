// SPDX-License-Identifier: Apache-2.0

import type { Ledger } from '#core/ledger/ledger.ts'
import type { Key, SignatureRecord } from '#core/ledger/tables.ts'
import { sameBytes } from '#format/bytes.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { sha256 } from '#trust/digest.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { type CurveName, curves, numberOf } from '#trust/weak-keys/nonces/curve.ts'
import { signedNumber } from '#trust/weak-keys/nonces/ecdsa-signature.ts'
import { type Recovered, recoverKeys } from '#trust/weak-keys/nonces/recover.ts'
import type { FoundWeakness } from '../book-findings.ts'

/** What a look needs beside the ledger. */
export interface LookingPorts {
  readonly ledger: Ledger
  /** The small number whose multiple of the generator has this x; undefined: none that is known. */
  nonceOf(curve: CurveName, r: Uint8Array): bigint | undefined
}

/** What new signatures show, together with all that are booked. */
export interface Seen {
  /** Those that were never there before, in either sign of s. */
  readonly fresh: readonly SignatureRecord[]
  readonly found: readonly FoundWeakness[]
  /** Keys whose private half anybody can compute who saw the same; proved, and not told. */
  readonly recovered: readonly Key[]
}

/** Signatures of one nonce, or of one key, that are looked at. */
const mostAlike = 200

/** Signatures that hang together and are solved at once; a whole fleet with one nonce is found part by part. */
const mostTogether = 1_000

/** Lists asked for at the same moment. */
const mostAtOnce = 64

/**
 * Looks whether the nonces of these signatures were used before, by whichever key, or can be guessed.
 *
 * One lookup a signature; only what is found alike costs more.
 */
export async function look(
  signatures: readonly SignatureRecord[],
  ports: LookingPorts,
): Promise<Seen> {
  const known = await alikeOf(signatures, ports.ledger)
  const fresh: SignatureRecord[] = []
  const suspects: SignatureRecord[] = []
  for (const one of signatures) {
    const alike = known.get(markOf(one)) ?? []
    // The twin of one that came before says nothing new, but its key may have been unknown here when that came.
    const twin = alike.find((other) => isSame(one, other))
    const shares = alike.some((other) => sameBytes(one.r, other.r) && !isSame(one, other))
    if (shares || ports.nonceOf(curveOf(one), one.r) !== undefined) suspects.push(twin ?? one)
    if (twin !== undefined) continue
    fresh.push(one)
    known.set(markOf(one), [...alike, one])
  }
  return { fresh, ...(await lookCloser(suspects, fresh, ports)) }
}

/**
 * What suspects show, with all that hangs together with them.
 *
 * @param fresh what is not booked yet, but counts
 */
export async function lookCloser(
  suspects: readonly SignatureRecord[],
  fresh: readonly SignatureRecord[],
  ports: LookingPorts,
): Promise<Omit<Seen, 'fresh'>> {
  if (suspects.length === 0) return { found: [], recovered: [] }
  return judge(await relatives(suspects, fresh, ports.ledger), ports)
}

/** By the mark of their nonces: what is booked. */
async function alikeOf(
  signatures: readonly SignatureRecord[],
  ledger: Ledger,
): Promise<Map<string, readonly SignatureRecord[]>> {
  const marks = new Map(signatures.map((one) => [markOf(one), one.mark]))
  const found = new Map<string, readonly SignatureRecord[]>()
  const waiting = [...marks]
  while (waiting.length > 0) {
    const some = waiting.splice(0, mostAtOnce)
    const pages = await Promise.all(some.map(([, mark]) => listed('mark', mark, ledger)))
    for (const [at, [mark]] of some.entries()) found.set(mark, pages[at] ?? [])
  }
  return found
}

async function listed(
  by: 'mark' | 'key',
  value: Uint8Array,
  ledger: Ledger,
): Promise<readonly SignatureRecord[]> {
  const page = await ledger.list('signature', { by, equal: [value], limit: mostAlike })
  return page.items
}

/** All that hangs together with the suspects: over nonces from key to key, and over keys from nonce to nonce. */
async function relatives(
  suspects: readonly SignatureRecord[],
  fresh: readonly SignatureRecord[],
  ledger: Ledger,
): Promise<readonly SignatureRecord[]> {
  const group = new Map<string, SignatureRecord>()
  const asked = new Set<string>()
  const waiting = [...suspects]
  for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
    if (group.has(one.id)) continue
    if (group.size >= mostTogether) break
    group.set(one.id, one)
    for (const [by, value] of [
      ['mark', one.mark],
      ['key', one.keyFingerprint],
    ] as const) {
      const name = `${by} ${value.toHex()}`
      if (asked.has(name)) continue
      asked.add(name)
      const column = by === 'mark' ? 'mark' : 'keyFingerprint'
      waiting.push(
        ...(await listed(by, value, ledger)),
        ...fresh.filter((other) => sameBytes(other[column], value)),
      )
    }
  }
  return [...group.values()]
}

async function judge(
  group: readonly SignatureRecord[],
  ports: LookingPorts,
): Promise<Omit<Seen, 'fresh'>> {
  const keys = await keysOf(group, ports.ledger)
  const points = new Map([...keys].map(([name, key]) => [name, pointOf(key)]))
  const fallen = recoverKeys(
    group.map((one) => ({ ...one, key: nameOf(one), curve: curveOf(one) })),
    { pointOf: (key) => points.get(key), nonceOf: ports.nonceOf },
  )
  const found = [...Map.groupBy(group, ({ r }) => r.toHex()).values()].flatMap((alike) =>
    findingsOf(alike, keys, fallen, ports),
  )
  const told = new Set(found.map(({ key }) => key))
  const silent = [...fallen].flatMap(([name, how]) => {
    const key = keys.get(name)
    return key === undefined || told.has(key.id) ? [] : [finding(how.by, key, how.r, group, fallen)]
  })
  return {
    found: [...found, ...silent],
    recovered: [...fallen.keys()].flatMap((name) => keys.get(name) ?? []),
  }
}

/** What signatures of one nonce say: of keys that used it twice, of keys that share it, and that it is small. */
function findingsOf(
  alike: readonly SignatureRecord[],
  keys: ReadonlyMap<string, Key>,
  fallen: ReadonlyMap<string, Recovered>,
  ports: LookingPorts,
): readonly FoundWeakness[] {
  const [first] = alike
  if (first === undefined) return []
  const { r } = first
  const ofKeys = Map.groupBy(alike, nameOf)
  const isSmall = ports.nonceOf(curveOf(first), r) !== undefined
  return [...ofKeys].flatMap(([name, own]) => {
    const key = keys.get(name)
    if (key === undefined) return []
    const kinds = [
      ...(messagesOf(own) > 1 ? (['nonce-repeated'] as const) : []),
      ...(ofKeys.size > 1 ? (['nonce-shared'] as const) : []),
      ...(isSmall ? (['nonce-small'] as const) : []),
    ]
    return kinds.map((kind) => finding(kind, key, r, alike, fallen))
  })
}

/** Of many that are alike some may stand twice. */
function messagesOf(own: readonly SignatureRecord[]): number {
  return new Set(own.map((one) => signedNumber(one.digest, curves[curveOf(one)]))).size
}

const details = {
  'nonce-repeated': 'it signed different messages with one nonce',
  'nonce-shared': 'a signature of it has the nonce of another key',
  'nonce-small': 'a signature of it has a nonce that is found by trying',
} as const satisfies Record<Recovered['by'], string>

function finding(
  kind: Recovered['by'],
  key: Key,
  r: Uint8Array,
  group: readonly SignatureRecord[],
  fallen: ReadonlyMap<string, Recovered>,
): FoundWeakness {
  const alike = group.filter((one) => sameBytes(one.r, r))
  const own = alike.filter(({ keyFingerprint }) => sameBytes(keyFingerprint, key.fingerprint))
  const isRecovered = fallen.has(key.fingerprint.toHex())
  return {
    ...{ kind, key: key.id, cause: sha256(r) },
    detail: `${details[kind]}${isRecovered ? '; its private key follows, which was proved' : ''}`,
    facts: {
      ...{ r: r.toHex(), signatures: messagesOf(own), recovered: isRecovered },
      keys: new Set(alike.map(nameOf)).size,
      requests: own
        .flatMap(({ enrolment }) => enrolment ?? [])
        .slice(0, 8)
        .join(' '),
    },
  }
}

async function keysOf(
  group: readonly SignatureRecord[],
  ledger: Ledger,
): Promise<ReadonlyMap<string, Key>> {
  const keys = new Map<string, Key>()
  const fingerprints = new Map(group.map((one) => [nameOf(one), one.keyFingerprint]))
  for (const [name, fingerprint] of fingerprints) {
    const key = await ledger.find('key', 'fingerprint', [fingerprint])
    if (key !== undefined) keys.set(name, key)
  }
  return keys
}

/** x and y; undefined: it is no key that can be used. */
export function pointOf({ spki }: Key): Uint8Array | undefined {
  const key = importPublicKey(parseSubjectPublicKeyInfo(spki))
  return 'kind' in key
    ? undefined
    : key.keyObject.export({ format: 'raw-public', type: 'uncompressed' }).subarray(1)
}

/** The same message under the same key and nonce; s or its negative, which verifies as well. */
function isSame(one: SignatureRecord, other: SignatureRecord): boolean {
  if (!sameBytes(one.r, other.r) || !sameBytes(one.keyFingerprint, other.keyFingerprint))
    return false
  const curve = curves[curveOf(one)]
  if (signedNumber(one.digest, curve) !== signedNumber(other.digest, curve)) return false
  return sameBytes(one.s, other.s) || numberOf(one.s) + numberOf(other.s) === curve.order
}

/** The length of r tells the curve: no two have orders of one length. */
export function curveOf({ r }: Pick<SignatureRecord, 'r'>): CurveName {
  const names = Object.keys(curves) as CurveName[]
  return names.find((name) => curves[name].octets === r.length) ?? 'p-256'
}

function markOf({ mark }: SignatureRecord): string {
  return mark.toHex()
}

function nameOf({ keyFingerprint }: SignatureRecord): string {
  return keyFingerprint.toHex()
}
