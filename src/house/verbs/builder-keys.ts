// SPDX-License-Identifier: Apache-2.0
import type { BuilderKey } from '#core/ledger/tables.ts'
import type { Refused } from '#core/refusal.ts'
import { addBuilderKey, endBuilderKey } from '#core/releases/builder-keys.ts'
import { pageOf } from '#edge/admin/ledger-verbs/queries.ts'
import { checkVersion, notFound } from '#edge/admin/ledger-verbs/record.ts'
import type { Verbs } from '#edge/admin/verbs.ts'
import type { OutputOf } from '#format/admin/operations.ts'
import { FormatError } from '#format/format-error.ts'
import { parsePem } from '#format/pem.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import { importSoundKey } from '#trust/sound-key.ts'
import type { Core } from '../core.ts'

type BuilderKeyVerbs = Pick<Verbs, 'builder-key.add' | 'builder-key.list' | 'builder-key.remove'>

/** Build services, and what of theirs is believed. */
export function builderKeyVerbs(core: Core): BuilderKeyVerbs {
  const { ledger } = core
  return {
    'builder-key.add': async ({ publicKey, ...asked }, { caller }) => {
      const key = readKey(publicKey, core)
      if ('reason' in key) return key
      const added = await addBuilderKey(asked, key, caller.actor, core)
      return added.kind === 'refused' ? added : showKey(added.key)
    },

    'builder-key.list': async ({ product, ...paging }) => {
      const { items, next } = await ledger.list('builderKey', {
        ...{ by: 'product', equal: [product], descending: true, ...pageOf(paging) },
      })
      return { items: items.map(showKey), next }
    },

    'builder-key.remove': async ({ key: id, because }, call) => {
      const key = await ledger.read('builderKey', id)
      if (key === undefined) return notFound(id)
      const differs = checkVersion(key, call)
      if (differs !== undefined) return differs
      const ended = await endBuilderKey(key, because, call.caller.actor, core)
      return ended.kind === 'refused' ? ended : showKey(ended.key)
    },
  }
}

function readKey(pem: string, { keyLists }: Core): PublicKey | Refused {
  try {
    const [block, ...more] = parsePem(pem)
    if (block?.label !== 'PUBLIC KEY' || more.length > 0)
      return refuse('key-malformed', 'publicKey: not one PUBLIC KEY in PEM')
    return importSoundKey(parseSubjectPublicKeyInfo(block.bytes), keyLists)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('key-malformed', `publicKey: ${error.message}`)
  }
}

function showKey(key: BuilderKey): OutputOf<'builder-key.list'> {
  const { id, version, product, name, fingerprint, builders, addedBy, addedAt, because } = key
  return {
    ...{ id, version, product, name, fingerprint: fingerprint.toHex(), builders: [...builders] },
    ...{ addedBy, addedAt: addedAt.toString(), endedAt: key.endedAt?.toString() ?? null, because },
  }
}
