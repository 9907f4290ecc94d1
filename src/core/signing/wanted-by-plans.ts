// SPDX-License-Identifier: Apache-2.0
import { signatureAlgorithms } from '#trust/algorithms.ts'
import type { SignatureWanted } from '#trust/artefact/form.ts'
import { type ArtefactFormName, artefactFormNames } from '#trust/artefact/form-names.ts'
import { digestBy } from '#trust/digest-signature.ts'
import { refuse } from '#trust/refusal.ts'
import type { ArtefactKey, Product, Release, ReleasePart } from '../ledger/tables.ts'
import type { Clock } from '../ports.ts'
import type { Refused } from '../refusal.ts'
import { partsOf } from '../releases/parts-of.ts'
import { newestPlan } from '../releases/plan-lines.ts'
import { proveOctets } from '../releases/prove-octets.ts'
import { refusingChange } from '../releases/proved-source.ts'
import { planSource } from './make-outputs.ts'
import { openWhole } from './open-whole.ts'
import { type PlanPorts, planRelease, type Work } from './plan-release.ts'
import type { UsableKey } from './usable-keys.ts'

/** A signature that a release would have made by a key. */
export interface WantedSignature {
  readonly form: ArtefactFormName
  readonly part: ReleasePart
  readonly usable: UsableKey
  /** Of what is signed, by the digest of the key's algorithm; of a key that signs whole messages, their SHA-256. */
  readonly digest: Uint8Array
}

/** What a form says under its signature of the moment in which it is planned: nobody else can have made the same. */
const ofTheMoment = ['signedAt', 'madeAt']

/** The forms of a key in which a signature can be foretold. */
export function foretoldForms(
  { forms }: Pick<ArtefactKey, 'forms'>,
  ports: Pick<PlanPorts, 'forms'>,
): readonly ArtefactFormName[] {
  return artefactFormNames.filter((name) => {
    const options = Object.keys(ports.forms[name]?.options ?? {})
    return forms.includes(name) && !ofTheMoment.some((one) => options.includes(one))
  })
}

/** As many releases as a product has under way; a reading of one costs reading its artefacts once. */
const mostKept = 64

/**
 * Remembers what releases would have signed: what was approved does not change, and an artefact of gigabytes is
 * read once for all who ask.
 */
export class WantedByPlans {
  readonly #kept = new Map<string, Promise<readonly WantedSignature[] | Refused>>()

  /** What the release would have this key sign; a refusal is not remembered. */
  async of(
    release: Release,
    product: Product,
    key: ArtefactKey,
    ports: PlanPorts & { readonly clock: Clock },
  ): Promise<readonly WantedSignature[] | Refused> {
    const plan = await newestPlan(product.id, ports.ledger)
    const { id, revision, manifestSha256 } = release
    const said = [id, revision, manifestSha256?.toHex(), plan?.id, key.id, key.version].join()
    const before = this.#kept.get(said)
    if (before !== undefined) return before
    const found = wantedOf(release, product, key, ports)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size >= mostKept && oldest !== undefined) this.#kept.delete(oldest)
    this.#kept.set(said, found)
    const forget = () => void this.#kept.delete(said)
    void found.then((answer) => 'reason' in answer && forget(), forget)
    return found
  }
}

async function wantedOf(
  release: Release,
  product: Product,
  key: ArtefactKey,
  ports: PlanPorts & { readonly clock: Clock },
): Promise<readonly WantedSignature[] | Refused> {
  const parts = await partsOf(release.id, ports.ledger)
  const found: WantedSignature[] = []
  let no: Refused | undefined
  for (const form of foretoldForms(key, ports)) {
    const planned = await planRelease(release, product, parts, [form], ports)
    if (planned.kind === 'refused') {
      no ??= planned
      continue
    }
    for (const work of planned.works) {
      // What is made of another output has that output's chance in it.
      if (work.line.of !== undefined || !work.keys.some((one) => one.key.id === key.id)) continue
      const wanted = await wantedIn(work, { release, product }, ports)
      if ('reason' in wanted) no ??= wanted
      else found.push(...signaturesBy(key, work, wanted))
    }
  }
  return found.length === 0 && no !== undefined ? no : found
}

async function wantedIn(
  work: Work,
  context: { readonly release: Release; readonly product: Product },
  ports: PlanPorts & { readonly clock: Clock },
): Promise<readonly SignatureWanted[] | Refused> {
  const open = await openWhole(work.part.sha256, ports.artefacts)
  if (open === undefined)
    return refuse('artefact-missing', `the octets of ${work.part.name} are not here`)
  try {
    const proved = await proveOctets(open, work.part.sha256, work.part.name)
    if (proved.kind === 'refused') return proved
    const plan = await refusingChange(() => planSource(work, proved.source, context, ports))
    return plan.kind === 'refused' ? plan : plan.wanted
  } finally {
    await open.close()
  }
}

function signaturesBy(
  key: ArtefactKey,
  { line, part, keys }: Work,
  wanted: readonly SignatureWanted[],
): readonly WantedSignature[] {
  return wanted.flatMap(({ signer, over, bytes }) => {
    const usable = keys.find((one) => one.signer === signer)
    if (usable?.key.id !== key.id) return []
    const { digest: name } = signatureAlgorithms[signer.algorithm]
    const digest = over === 'digest' ? bytes : digestBy(name ?? 'sha256', bytes)
    return [{ form: line.form, part, usable, digest: digest.slice() }]
  })
}
