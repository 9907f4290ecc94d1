// SPDX-License-Identifier: Apache-2.0
import type { ArtefactSigner } from '#trust/artefact/form.ts'
import type { ArtefactFormName } from '#trust/artefact/form-names.ts'
import type { AnyForm, ArtefactForms } from '#trust/artefact/forms.ts'
import { readOptions } from '#trust/artefact/options.ts'
import { refuse } from '#trust/refusal.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Product, Release } from '../ledger/tables.ts'
import { checkKeyState } from '../policy/check-key.ts'
import type { Refused } from '../refusal.ts'
import { artefactKeysOf, keysOfLine, signingStates } from '../releases/keys-of-line.ts'
import type { PlanLine } from '../releases/plan-lines.ts'
import { algorithmForLine } from './algorithm-for-line.ts'
import { publicKeyOf, signerOf } from './artefact-key.ts'
import { refuseUnexcused } from './key-exceptions.ts'
import { choicesOf, isOfRelease, releaseLike } from './release-choices.ts'

export interface PlanJudgePorts {
  readonly ledger: Ledger
  readonly forms: ArtefactForms
  readonly environment: Release['environment']
}

/**
 * Why a line of a plan could sign no release, whatever is in it, if so. Keys that the line does not name are looked at
 * where there are any: a plan may be written before they are made.
 */
export async function judgeLine(
  line: PlanLine,
  product: Product,
  ports: PlanJudgePorts,
): Promise<Refused | undefined> {
  const form = ports.forms[line.form]
  if (form === undefined)
    return refuse('not-implemented', `artefacts are not signed as ${line.form} here yet`)
  const options = readChoices(line, form, product, ports)
  if (options.kind === 'refused') return options
  const signers = await signersOf(line, form, product, ports)
  if (signers === undefined) return undefined
  if ('reason' in signers) return signers
  return form.refuse(options.options, signers)
}

/**
 * Choices that name octets by their digest: a plan that has one would sign the same octets with each release, and what
 * people looked at with none.
 */
const octetsElsewhere: Partial<Readonly<Record<ArtefactFormName, readonly string[]>>> = {
  raw: ['digest'],
  cms: ['digests'],
  'outer-manifest': ['files'],
  suit: ['payloadSha256', 'payloadOctets'],
}

function readChoices(
  { options }: PlanLine,
  form: AnyForm,
  product: Product,
  { environment }: PlanJudgePorts,
) {
  const own = Object.keys(options).find((name) => isOfRelease(form.name, name))
  if (own !== undefined)
    return refuse('signing-plan-wrong', `options.${own}: the release says it; leave it out`)
  const elsewhere = Object.keys(options).find((name) => octetsElsewhere[form.name]?.includes(name))
  if (elsewhere !== undefined)
    return refuse(
      'signing-plan-wrong',
      `options.${elsewhere}: a plan signs what is in a release; octets that are elsewhere are attached to it by their digest`,
    )
  return readOptions(form, choicesOf(form, options, releaseLike(product, environment)))
}

/** Undefined: the line names no keys, and there are none yet. */
async function signersOf(
  line: PlanLine,
  form: AnyForm,
  product: Product,
  { ledger, environment }: PlanJudgePorts,
): Promise<readonly ArtefactSigner[] | Refused | undefined> {
  const place = { product: product.id, environment }
  if (line.keys === undefined) {
    const all = await artefactKeysOf(place, ledger)
    if (!all.some(({ forms, state }) => forms.includes(line.form) && signingStates.includes(state)))
      return undefined
  }
  // A key that will follow may be written into the plan before it takes over.
  const found = await keysOfLine(line, place, product, ledger, [...signingStates, 'next'])
  if (found.kind === 'refused') return found
  const signers: ArtefactSigner[] = []
  for (const key of found.keys) {
    const record = await ledger.read('key', key.key)
    if (record === undefined) return refuse('signing-key-missing', `the key of ${key.name} is gone`)
    const no = checkKeyState(record) ?? (await refuseUnexcused(key, record, ledger))
    if (no !== undefined) return no
    const publicKey = publicKeyOf(record)
    if ('reason' in publicKey) return publicKey
    const algorithm = algorithmForLine(line, form, publicKey, record)
    if (typeof algorithm !== 'string')
      return refuse(algorithm.reason, `signing key ${key.name}: ${algorithm.detail}`)
    signers.push(signerOf(key, publicKey, algorithm))
  }
  return signers
}
