// SPDX-License-Identifier: Apache-2.0
import { encodeSigned } from '#format/x509/certificate.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { signatureAlgorithmFor } from '#trust/algorithms.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { draft, type Signer } from '../authority/draft.ts'
import { lint } from '../authority/issue.ts'
import { newId } from '../ledger/ids.ts'
import { noShard } from '../ledger/shards.ts'
import { approveOwn } from '../policy/decide.ts'
import type { Refused } from '../refusal.ts'
import { profileFor } from './profiles.ts'
import type { ScriptRoot } from './script.ts'
import {
  type CeremonyPorts,
  makerFor,
  pointersOf,
  type VaultRoot,
  type VaultState,
} from './vault.ts'

/** Makes the key of a root and lets it certify itself: approved, drafted, linted and signed as on a server. */
export async function makeRoot(
  wanted: ScriptRoot,
  vault: Omit<VaultState, 'roots' | 'sets'>,
  ports: CeremonyPorts,
): Promise<{ readonly kind: 'made'; readonly root: VaultRoot } | Refused> {
  const { name, algorithm, commonName, twinOf, until } = wanted
  const keyId = newId('key', ports)
  const { spki } = await ports.keys.make(algorithm, keyId, 'root')
  const publicKey = importPublicKey(parseSubjectPublicKeyInfo(spki))
  if ('kind' in publicKey) return publicKey
  const { environment } = vault
  const verdict = approveOwn({
    profile: profileFor(environment === 'trial' ? 'trial-root' : 'root', until),
    publicKey,
    facts: { maker: makerFor(vault), name: commonName },
    ...{ owner: name, environment },
  })
  if (verdict.kind === 'refused') return verdict
  const signer: Signer = {
    ...{ kind: 'self', keyId, signatureAlgorithm: signatureAlgorithmFor(algorithm) },
  }
  const means = { clock: ports.clock, random: ports.random, pointers: pointersOf(vault) }
  // It points at no shard: the full list of its root has it.
  const drafted = draft(verdict.approved, signer, noShard, means)
  const flaw = lint(drafted, signer)
  if (flaw !== undefined) return flaw
  const signature = await ports.keys.sign(keyId, drafted.toBeSigned)
  const { identifier } = drafted.signatureAlgorithm
  return {
    kind: 'made',
    root: {
      ...{ name, algorithm, keyId, twinOf: twinOf ?? null, lastListNumber: 0, issued: [] },
      certificate: encodeSigned(drafted.toBeSigned, identifier, signature),
    },
  }
}
