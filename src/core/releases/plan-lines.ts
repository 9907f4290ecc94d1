// SPDX-License-Identifier: Apache-2.0
/** The signing plan of a product as people write it: which artefacts are signed in which forms, how, and by which keys. */
import { bootloaderRule, expiryOf } from '#trust/artefact/bootloader-rules.ts'
import { type ArtefactFormName, artefactFormNames } from '#trust/artefact/form-names.ts'
import { refuse } from '#trust/refusal.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { SigningPlanRecord } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'

/** One line of a plan: these artefacts in this form, so chosen, by these keys. */
export interface PlanLine {
  readonly form: ArtefactFormName
  /** Names, in which `*` stands for any letters; absent: every artefact that is of this form. */
  readonly artefacts: readonly string[] | undefined
  /** What came out in this form is signed, not the artefact itself. */
  readonly of: ArtefactFormName | undefined
  /** What is chosen, as the form's own table has it. */
  readonly options: Readonly<Record<string, unknown>>
  /** Names of keys; absent: every key of the product that signs in this form. */
  readonly keys: readonly string[] | undefined
  /** How devices are set, in the words of the form's verifier; absent: as delivered. */
  readonly devices: string | undefined
  /** Of what comes out: `{artefact}` is the artefact's name, `{stem}` that without its ending. */
  readonly name: string | undefined
}

/** More is no plan that a person wrote. */
const mostLines = 32
const members = ['form', 'artefacts', 'of', 'options', 'keys', 'devices', 'name'] as const

/**
 * Reads a plan as people write it.
 *
 * @returns the lines, or what is wrong with which of them
 */
export function parseSigningPlan(
  json: unknown,
): { readonly kind: 'lines'; readonly lines: readonly PlanLine[] } | Refused {
  if (!Array.isArray(json) || json.length === 0 || json.length > mostLines)
    return wrongPlan('plan', `write a list of 1 to ${mostLines} lines`)
  const lines: PlanLine[] = []
  for (const [index, value] of json.entries()) {
    const line = readLine(value, `line ${index + 1}`)
    if ('kind' in line) return line
    lines.push(line)
  }
  const orphan = lines.find(({ of }) => of && !lines.some((one) => one.form === of && !one.of))
  if (orphan !== undefined)
    return wrongPlan('of', `no line signs as ${orphan.of}, of which ${orphan.form} is to be made`)
  return { kind: 'lines', lines }
}

function readLine(value: unknown, at: string): PlanLine | Refused {
  if (!isRecord(value)) return wrongPlan(at, 'write members and values in braces')
  const stranger = Object.keys(value).find((name) => !members.some((one) => one === name))
  if (stranger !== undefined)
    return wrongPlan(`${at}: ${stranger}`, `use ${members.join(', ')} only`)
  const { form, of, options = {}, devices, name } = value
  if (typeof form !== 'string' || !isForm(form))
    return wrongPlan(`${at}: form`, `write one of ${artefactFormNames.join(', ')}`)
  if (of !== undefined && (typeof of !== 'string' || !isForm(of)))
    return wrongPlan(`${at}: of`, `write one of ${artefactFormNames.join(', ')}`)
  if (!isRecord(options)) return wrongPlan(`${at}: options`, 'write names and values in braces')
  const artefacts = readTexts(value['artefacts'])
  if (artefacts === null) return wrongPlan(`${at}: artefacts`, 'write a list of names')
  const keys = readTexts(value['keys'])
  if (keys === null) return wrongPlan(`${at}: keys`, 'write a list of names of signing keys')
  if (devices !== undefined && (typeof devices !== 'string' || !expiryOf(form, devices)))
    return wrongPlan(`${at}: devices`, `leave it out, or write ${settingsOf(form)}`)
  if (name !== undefined && (typeof name !== 'string' || !/^[\w.+{}-]{1,128}$/.test(name)))
    return wrongPlan(`${at}: name`, 'write a file name, in which {artefact} and {stem} may stand')
  return { form, of, options, artefacts, keys, devices, name }
}

function isForm(text: string): text is ArtefactFormName {
  return artefactFormNames.some((name) => name === text)
}

function settingsOf(form: ArtefactFormName): string {
  const settings = bootloaderRule(form).expiry.flatMap(({ setting }) => setting ?? [])
  return settings.length === 0 ? 'nothing' : settings.join(' or ')
}

/** Undefined: nothing was said; null: it is no list of texts. */
function readTexts(value: unknown): readonly string[] | undefined | null {
  if (value === undefined) return undefined
  const isList = Array.isArray(value) && value.length > 0 && value.length <= 64
  return isList && value.every((one) => typeof one === 'string' && one.length <= 128) ? value : null
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function wrongPlan(where: string, remedy: string): Refused {
  return refuse('signing-plan-wrong', `${where}: ${remedy}`)
}

/** Whether an artefact of this name is meant by a line. */
export function isMeant({ artefacts }: PlanLine, name: string): boolean {
  return artefacts === undefined || artefacts.some((pattern) => matches(pattern, name))
}

function matches(pattern: string, name: string): boolean {
  const [first = '', ...rest] = pattern.split('*')
  if (rest.length === 0) return pattern === name
  const last = rest.pop() ?? ''
  if (!name.startsWith(first)) return false
  let at = first.length
  for (const part of rest) {
    const found = name.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return name.length - last.length >= at && name.endsWith(last)
}

/** The plan that counts; undefined: nobody wrote one. */
export async function newestPlan(
  product: string,
  ledger: Ledger,
): Promise<SigningPlanRecord | undefined> {
  const { items } = await ledger.list('signingPlan', {
    ...{ by: 'product', equal: [product], descending: true, limit: 1 },
  })
  return items[0]
}
