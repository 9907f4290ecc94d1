// SPDX-License-Identifier: Apache-2.0
import type { ManifestSigningLine } from '#format/release/manifest-signing.ts'
import type { ArtefactFormName } from '#trust/artefact/form-names.ts'
import type { AnyForm, ArtefactForms } from '#trust/artefact/forms.ts'
import { refuse } from '#trust/refusal.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Product, Release, ReleasePart } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import { isByDigest, isContent } from '../releases/by-digest.ts'
import { isMeant, type PlanLine } from '../releases/plan-lines.ts'
import type { ArtefactStore } from '../releases/ports.ts'
import { submittedSigning } from '../releases/signing-of.ts'
import { isFormName } from './artefact-key.ts'
import { openWhole } from './open-whole.ts'
import { type UsableKey, usableKeys } from './usable-keys.ts'

/** One thing that will come out. */
export interface Work {
  readonly line: PlanLine
  readonly form: AnyForm
  readonly part: ReleasePart
  /** Of what comes out. */
  readonly name: string
  readonly keys: readonly UsableKey[]
}

export interface PlanPorts {
  readonly ledger: Ledger
  readonly artefacts: Pick<ArtefactStore, 'open'>
  readonly forms: ArtefactForms
}

/**
 * All that will come out when a release is signed, what is made of other outputs last; nothing is signed yet.
 *
 * @param only the forms that are asked for; undefined: all of the plan that was approved
 */
export async function planRelease(
  release: Release,
  product: Product,
  parts: readonly ReleasePart[],
  only: readonly ArtefactFormName[] | undefined,
  ports: PlanPorts,
): Promise<{ readonly kind: 'works'; readonly works: readonly Work[] } | Refused> {
  const read = await linesFor(release, product, only, ports.ledger)
  if (read.kind === 'refused') return read
  // What is known by its digest alone is signed by that: see sign-digest.
  const artefacts = parts.filter((part) => isContent(part) && !isByDigest(part))
  const works: Work[] = []
  for (const line of inOrder(read.lines)) {
    const form = ports.forms[line.form]
    if (form === undefined)
      return refuse('not-implemented', `artefacts are not signed as ${line.form} here yet`)
    const keys = await usableKeys(line, form, { release, product }, ports.ledger)
    if (keys.kind === 'refused') return keys
    const meant = await meantBy(line, form, artefacts, works, ports)
    if ('reason' in meant) return meant
    for (const part of meant)
      works.push({ line, form, part, name: nameFor(line, form, part), keys: keys.keys })
  }
  const twice = works.find(({ name }, index) => works.findIndex((one) => one.name === name) < index)
  if (twice !== undefined)
    return refuse(
      'signing-plan-wrong',
      `two things would be named ${twice.name}; give the lines names of their own`,
    )
  return { kind: 'works', works }
}

/** What was approved, and nothing else: a plan that was written since is another's. */
async function linesFor(
  release: Release,
  product: Product,
  only: readonly ArtefactFormName[] | undefined,
  ledger: Ledger,
): Promise<{ readonly kind: 'lines'; readonly lines: readonly PlanLine[] } | Refused> {
  const approved = await submittedSigning(release, ledger)
  if (approved === undefined)
    return refuse('release-state-wrong', `${release.id} was not submitted: nobody saw its plan`)
  if (approved.plan === 0 && only === undefined)
    return refuse(
      'signing-plan-wrong',
      `${product.name} had no signing plan when this was submitted; say the forms, or write one ("vitalsign signing-plan apply") and submit it again`,
    )
  const lines = approved.lines
    .map(asPlanLine)
    .filter(({ form }) => only === undefined || only.includes(form))
  const missing = only?.find((form) => !lines.some((line) => line.form === form))
  return missing === undefined
    ? { kind: 'lines', lines }
    : refuse(
        'signing-plan-wrong',
        `${release.id} was not submitted to be signed as ${missing}: no line of the signing plan says so`,
      )
}

/** By the very keys that were approved: a name of a key is given once, and for ever. */
function asPlanLine(line: ManifestSigningLine): PlanLine {
  const { form, of, artefacts, options, keys, devices, name } = line
  if (!isFormName(form) || (of !== null && !isFormName(of)))
    throw new TypeError(`${form} is no form`)
  return {
    ...{ form, of: of ?? undefined, artefacts: artefacts ?? undefined, options },
    ...{ keys: keys.map((key) => key.name), devices: devices ?? undefined },
    name: name ?? undefined,
  }
}

/** What is made of another output comes after it. */
function inOrder(lines: readonly PlanLine[]): readonly PlanLine[] {
  return [...lines.filter(({ of }) => !of), ...lines.filter(({ of }) => of)]
}

async function meantBy(
  line: PlanLine,
  form: AnyForm,
  artefacts: readonly ReleasePart[],
  works: readonly Work[],
  ports: PlanPorts,
): Promise<readonly ReleasePart[] | Refused> {
  const named = artefacts.filter(({ name }) => isMeant(line, name))
  const { of } = line
  const meant =
    of !== undefined
      ? named.filter(({ id }) => works.some((one) => one.part.id === id && one.line.form === of))
      : line.artefacts !== undefined || form.place === 'detached'
        ? named
        : await recognised(named, form, ports)
  return meant.length > 0
    ? meant
    : refuse(
        'signing-plan-wrong',
        `no artefact of the release is to be signed as ${line.form}: it has ${artefacts.map(({ name }) => name).join(', ')}`,
      )
}

async function recognised(
  parts: readonly ReleasePart[],
  form: AnyForm,
  { artefacts }: PlanPorts,
): Promise<readonly ReleasePart[]> {
  const found: ReleasePart[] = []
  for (const part of parts) {
    const open = await openWhole(part.sha256, artefacts)
    if (open === undefined) continue
    try {
      if (await form.recognise(open.source)) found.push(part)
    } finally {
      await open.close()
    }
  }
  return found
}

/** What stands beside an artefact ends as such files do; what holds it keeps its ending. */
const endings: Partial<Readonly<Record<ArtefactFormName, string>>> = {
  cms: 'p7s',
  raw: 'sig',
  suit: 'suit',
  'outer-manifest': 'manifest',
}

function nameFor(line: PlanLine, { name: form }: AnyForm, { name }: ReleasePart): string {
  const dot = name.lastIndexOf('.')
  const [stem, ending] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, '']
  if (line.name !== undefined)
    return line.name.replaceAll('{artefact}', name).replaceAll('{stem}', stem)
  const beside = endings[form]
  if (beside !== undefined) return `${name}${line.of ? `.${line.of}` : ''}.${beside}`
  return `${stem}.${form}${ending}`
}
