// SPDX-License-Identifier: Apache-2.0
import { algorithmFor } from '#trust/artefact/algorithm-for.ts'
import type { ArtefactSigner } from '#trust/artefact/form.ts'
import type { AnyForm } from '#trust/artefact/forms.ts'
import { judgeSpan } from '#trust/artefact/judge-span.ts'
import { refuse } from '#trust/refusal.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { ArtefactKey, Product, Release } from '../ledger/tables.ts'
import { checkKeyState } from '../policy/check-key.ts'
import type { Refused } from '../refusal.ts'
import { endOf, publicKeyOf, signerOf, signingStates } from './artefact-key.ts'
import type { PlanLine } from './signing-plan.ts'

/** A key that may sign now, as a form knows it. */
export interface UsableKey {
  readonly key: ArtefactKey
  readonly signer: ArtefactSigner
}

/** More than a product has in one environment. */
const mostKeys = 1_000

/** The keys by which a line of a plan signs; each of them may, or none does. */
export async function usableKeys(
  line: PlanLine,
  form: AnyForm,
  { release, product }: { readonly release: Release; readonly product: Product },
  ledger: Ledger,
): Promise<{ readonly kind: 'keys'; readonly keys: readonly UsableKey[] } | Refused> {
  const { environment } = release
  const found = await ledger.list('artefactKey', {
    ...{ by: 'product', equal: [product.id, environment], limit: mostKeys },
  })
  // The oldest first, whatever their states: signatures keep their order.
  const items = found.items.toSorted((one, other) => (one.id < other.id ? -1 : 1))
  const chosen: ArtefactKey[] = []
  if (line.keys === undefined)
    chosen.push(...items.filter((key) => signsIn(key, line) && signingStates.includes(key.state)))
  else
    for (const name of line.keys) {
      const key = items.find((one) => one.name === name)
      const no =
        key === undefined ? await refuseMissing(name, release, ledger) : checkKey(key, line)
      if (no !== undefined) return no
      if (key !== undefined) chosen.push(key)
    }
  if (chosen.length === 0)
    return refuse(
      'signing-key-missing',
      `${product.name} has no key of ${environment} that signs as ${line.form}; make one: "vitalsign signing-key make ${product.name} --for ${line.form}"`,
    )
  const keys: UsableKey[] = []
  for (const key of chosen) {
    const usable = await readyKey(key, line, form, release, ledger)
    if ('reason' in usable) return usable
    keys.push(usable)
  }
  return { kind: 'keys', keys }
}

function signsIn(key: ArtefactKey, { form }: PlanLine): boolean {
  return key.forms.includes(form)
}

/** Of another environment, or nowhere. */
async function refuseMissing(name: string, release: Release, ledger: Ledger): Promise<Refused> {
  for (const environment of ['trial', 'test', 'production'] as const) {
    const there = await ledger.find('artefactKey', 'name', [release.product, environment, name])
    if (there !== undefined)
      return refuse(
        'environment-wrong',
        `signing key ${name} is of ${environment}, the release is for ${release.environment}: keys of environments never meet`,
      )
  }
  return refuse('signing-key-missing', `there is no signing key ${name}`)
}

function checkKey(key: ArtefactKey, line: PlanLine): Refused | undefined {
  const { name, state, forms } = key
  if (!signingStates.includes(state))
    return refuse('key-retired', `signing key ${name} is ${state}, and signs nothing`)
  return signsIn(key, line)
    ? undefined
    : refuse(
        'signing-plan-wrong',
        `signing key ${name} is for ${forms.join(', ')}, not for ${line.form}`,
      )
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
  const outOfUse = checkKeyState(record) ?? (await checkCertificate(key, ledger))
  if (outOfUse !== undefined) return outOfUse
  const publicKey = publicKeyOf(record)
  if ('reason' in publicKey) return publicKey
  const algorithm = algorithmFor(form, publicKey)
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
