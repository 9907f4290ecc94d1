// SPDX-License-Identifier: Apache-2.0
import type { Base } from '#format/compact-status/block.ts'
import { type CertificateState, type Changes, findEntry } from '#format/compact-status/changes.ts'
import { isMeant } from './filter.ts'
import { keyHash, octetsOfHash } from './key-hash.ts'

/** What a block says of a certificate of its own: whatever changed last counts. */
export function stateIn(
  base: Base,
  changes: Changes | undefined,
  serial: Uint8Array,
): CertificateState | 'expired' {
  return changed(changes, serial) ?? stateInBase(base, serial)
}

function changed(changes: Changes | undefined, serial: Uint8Array): CertificateState | undefined {
  if (changes === undefined) return undefined
  const hash = octetsOfHash(keyHash(changes.salt, 'change', serial), changes.width)
  return findEntry(changes.entries, changes.width, hash)
}

/** Without what changed since. */
export function stateInBase(
  { bad, held, salt }: Base,
  serial: Uint8Array,
): CertificateState | 'expired' {
  if (bad.form === 'ended') return 'expired'
  if (bad.form === 'none') return 'fine'
  if ('planes' in bad && !isMeant(bad, keyHash(salt, 'bad', serial))) return 'fine'
  if (held.form === 'none') return 'revoked'
  return held.form === 'all' || isMeant(held, keyHash(salt, 'held', serial)) ? 'held' : 'revoked'
}
