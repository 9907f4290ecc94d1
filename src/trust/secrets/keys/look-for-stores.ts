// SPDX-License-Identifier: Apache-2.0
import { sameBytes } from '#format/bytes.ts'
import { defaultPasswords } from '../accounts/default-passwords.ts'
import { identityOf } from '../identity.ts'
import type { Look, Sight, Surroundings, Tell } from '../sight.ts'
import { sequenceAround } from './der-span.ts'
import { type KeyStore, readJavaStore, readLoosePkcs12, readPkcs12 } from './key-store.ts'

/** What a PFX has after its version: the SEQUENCE of a content of type data (RFC 7292 section 4). */
export const lookForStores: readonly Look[] = [
  { octets: Uint8Array.fromHex('06092a864886f70d010701a0'), look: lookAtPkcs12 },
]

/** Beside what everybody tries: what keytool and its manuals say, and OpenSSL's examples. */
const storePasswords = ['', 'changeit', 'changeme', 'password', 'secret', 'keystore', 'export']
const likely = [...new Set([...storePasswords, ...defaultPasswords.slice(0, 20)])]

/** The headers of a PFX in BER, and its version: 30 80, 02 01 03, 30 80. */
const looseHead = Uint8Array.fromHex('30800201033080')

function lookAtPkcs12(sight: Sight, tell: Tell): void {
  const { octets, at, base } = sight
  const content = sequenceAround(octets, at)
  if (content === undefined) {
    lookAtLoosePkcs12(sight, tell)
    return
  }
  // 02 01 03 before it, and the header of all before that.
  const version = content.start - 3
  if (octets[version] !== 2 || octets[version + 1] !== 1 || octets[version + 2] !== 3) return
  const span = sequenceAround(octets, version)
  if (span === undefined || !tell.spend(20)) return
  const store = readPkcs12(octets.subarray(span.start, span.end))
  if (store !== undefined) tellStore(store, base + span.start, base + span.end, tell)
}

function lookAtLoosePkcs12({ octets, at, base }: Sight, tell: Tell): void {
  const start = at - looseHead.length
  if (start < 0 || !sameBytes(octets.subarray(start, at), looseHead) || !tell.spend(200)) return
  const found = readLoosePkcs12(octets.subarray(start))
  if (found !== undefined) tellStore(found.store, base + start, base + start + found.seen, tell)
}

/** A store of Java begins its file, as its check is over all of it. */
export function lookAtJavaStore({ head, isWhole }: Surroundings, tell: Tell): void {
  const store = isWhole ? readJavaStore(head) : undefined
  if (store !== undefined) tellStore(store, 0, head.length, tell)
}

function tellStore(store: KeyStore, offset: number, until: number, tell: Tell): void {
  const { form, mark, opensWith } = store
  const password = opensWith && tell.guess() ? likely.find(opensWith) : undefined
  const rule = password === undefined ? 'key-store' : 'key-store-default-password'
  const how =
    password === '' ? ', opens without a password' : `, opens with the default '${password}'`
  tell.found({
    ...{ rule, confidence: 'certain', offset, until },
    what: `store of keys, ${form}${password === undefined ? '' : how}`,
    identity: identityOf(rule, mark),
  })
}
