// SPDX-License-Identifier: Apache-2.0
import type { ArtefactSigner } from '#trust/artefact/form.ts'
import type { AnyForm } from '#trust/artefact/forms.ts'
import { judgeSpan } from '#trust/artefact/judge-span.ts'
import { refuse } from '#trust/refusal.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { ArtefactKey, Product, Release } from '../ledger/tables.ts'
import { checkKeyState } from '../policy/check-key.ts'
import type { Refused } from '../refusal.ts'
import { keysOfLine } from '../releases/keys-of-line.ts'
import type { PlanLine } from '../releases/plan-lines.ts'
import { algorithmForLine } from './algorithm-for-line.ts'
import { endOf, publicKeyOf, signerOf } from './artefact-key.ts'
import { refuseUnexcused } from './key-exceptions.ts'

/** A key that may sign now, as a form knows it. */
export interface UsableKey {
  readonly key: ArtefactKey
  readonly signer: ArtefactSigner
}

/** The keys by which a line of a plan signs; each of them may, or none does. */
export async function usableKeys(
  line: PlanLine,
  form: AnyForm,
  { release, product }: { readonly release: Release; readonly product: Product },
  ledger: Ledger,
): Promise<{ readonly kind: 'keys'; readonly keys: readonly UsableKey[] } | Refused> {
  const chosen = await keysOfLine(line, release, product, ledger)
  if (chosen.kind === 'refused') return chosen
  const keys: UsableKey[] = []
  for (const key of chosen.keys) {
    const usable = await readyKey(key, line, form, release, ledger)
    if ('reason' in usable) return usable
    keys.push(usable)
  }
  return { kind: 'keys', keys }
}

async function readyKey(
  key: ArtefactKey,
  line: PlanLine,
  form: AnyForm,
  release: Release,
  ledger: Ledger,
): Promise<UsableKey | Refused> {
  const record = await ledger.read('key', key.key)
  if (record === undefined) return refuse('signing-key-missing', `the key of ${key.name} is gone`)
  const outOfUse =
    checkKeyState(record) ??
    (await checkCertificate(key, ledger)) ??
    (await refuseUnexcused(key, record, ledger))
  if (outOfUse !== undefined) return outOfUse
  const publicKey = publicKeyOf(record)
  if ('reason' in publicKey) return publicKey
  const algorithm = algorithmForLine(line, form, publicKey, record)
  if (typeof algorithm !== 'string') return algorithm
  const stranded =
    release.environment === 'trial'
      ? undefined
      : judgeSpan({
          ...{ form: line.form, setting: line.devices, notAfter: endOf(key) },
          supportUntil: release.supportUntil ?? undefined,
          isStamped: release.environment === 'production',
        })
  return stranded ?? { key, signer: signerOf(key, publicKey, algorithm) }
}

/** What was revoked by another way ends the key, too. */
async function checkCertificate(
  { name, certificate: id }: ArtefactKey,
  ledger: Ledger,
): Promise<Refused | undefined> {
  if (id === null) return undefined
  const certificate = await ledger.read('certificate', id)
  return certificate?.state === 'issued'
    ? undefined
    : refuse(
        'key-retired',
        `the certificate of signing key ${name} is ${certificate?.state ?? 'gone'}`,
      )
}

/** A key that was reported stolen while it signed, by whichever way, has signed nothing. */
export async function checkKeysAgain(
  keys: readonly UsableKey[],
  ledger: Ledger,
): Promise<Refused | undefined> {
  const each = new Map(keys.map(({ key }) => [key.id, key]))
  for (const key of each.values()) {
    const [now, record] = [
      await ledger.read('artefactKey', key.id),
      await ledger.read('key', key.key),
    ]
    const outOfUse = record && (checkKeyState(record) ?? (await checkCertificate(key, ledger)))
    if (now?.state === key.state && record !== undefined && outOfUse === undefined) continue
    const became = now?.state === key.state ? outOfUse?.detail : `it became ${now?.state}`
    return refuse(
      'key-retired',
      `signing key ${key.name} ended while it signed; nothing was signed: ${became ?? 'it is gone'}`,
    )
  }
  return undefined
}
