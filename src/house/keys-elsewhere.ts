// SPDX-License-Identifier: Apache-2.0
import type { Ledger } from '#core/ledger/ledger.ts'
import { allOf } from '#core/watch/pages.ts'

/** An authority whose key lies in no file, so that no backup has it. */
export interface KeyElsewhere {
  readonly authority: string
  readonly keyId: string
  /** `pkcs11 TOKEN` or `tpm NAME`. */
  readonly custody: string
}

/** Every authority that signs with a token or a TPM, retired ones left out. */
export async function keysElsewhere(ledger: Ledger): Promise<readonly KeyElsewhere[]> {
  const found: KeyElsewhere[] = []
  for await (const { name, key: keyId, state } of allOf('authority', ledger)) {
    if (keyId === null || state === 'retired') continue
    const custody = (await ledger.read('key', keyId))?.custody
    if (custody && custody !== 'file') found.push({ authority: name, keyId, custody })
  }
  return found
}

/** As people read it: `issuing-1 (pkcs11 keys)`. */
export function elsewhereWords(found: readonly KeyElsewhere[]): readonly string[] {
  return found.map(({ authority, custody }) => `${authority} (${custody})`)
}
