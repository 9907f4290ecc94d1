// SPDX-License-Identifier: Apache-2.0
/**
 * How a release will be signed, as it stands in its manifest: forms, choices and the very keys. Whoever approves the
 * manifest approves this, too, and nothing is signed otherwise.
 */
import { FormatError } from '../format-error.ts'
import { hasMembers, isArray, type Json } from '../tlog/canonical-json.ts'
import {
  digest,
  fileNameForm,
  lineForm,
  list,
  malformed,
  matching,
  oneOf,
  whole,
} from './manifest-fields.ts'

export interface ManifestSigning {
  /** The number of the product's signing plan; 0: it has none, and the lines are the forms that its keys sign in. */
  readonly plan: number
  /** In the order of the plan. */
  readonly lines: readonly ManifestSigningLine[]
  /** Who may be asked for a bare signature over the digest of an artefact; sorted by name. */
  readonly bare: readonly ManifestKey[]
  /** What builds say is to be signed of artefacts whose octets stay with them; sorted by name. */
  readonly digests: readonly ManifestDigest[]
}

export type ManifestChoice = string | number | boolean | readonly string[]

export interface ManifestSigningLine {
  /** Name of a form. */
  readonly form: string
  /** Names, in which `*` stands for any letters; null: every artefact that is of this form. */
  readonly artefacts: readonly string[] | null
  /** What came out in this form is signed, not the artefact itself. */
  readonly of: string | null
  /** What is chosen; the version and the security version of the release need not be. */
  readonly options: Readonly<Record<string, ManifestChoice>>
  /** In the order in which they sign. */
  readonly keys: readonly ManifestKey[]
  readonly devices: string | null
  /** Of what comes out. */
  readonly name: string | null
}

export interface ManifestKey {
  readonly name: string
  /** Over its SubjectPublicKeyInfo, 64 hexadecimal digits. */
  readonly sha256: string
}

export interface ManifestDigest {
  /** Name of the artefact of the release that stands for what is signed. */
  readonly artefact: string
  /** Name of the artefact that it is made of. */
  readonly of: string
  readonly form: string
  readonly over: 'digest' | 'message'
  readonly key: ManifestKey
}

const mostLines = 32
const mostNames = 64
/** As many keys as a product has in one environment. */
const mostKeys = 1_000
const mostDigests = 64
const mostChoices = 64
const formForm = /^[a-z0-9-]{1,40}$/

/** As canonical JSON takes it. */
export function signingJson({ plan, lines, bare, digests }: ManifestSigning): Json {
  return {
    plan,
    lines: lines.map(({ form, artefacts, of, options, keys, devices, name }) => ({
      ...{ form, artefacts, of, options, keys: keys.map(keyJson), devices, name },
    })),
    bare: bare.map(keyJson),
    digests: digests.map(({ artefact, of, form, over, key }) => ({
      ...{ artefact, of, form, over, key: keyJson(key) },
    })),
  }
}

function keyJson({ name, sha256 }: ManifestKey): Json {
  return { name, sha256 }
}

/**
 * A line of a plan in one line of words: `mcuboot of *.bin by boot (9f86d081) version 1.0.0`. What has blanks in it
 * stands in quotation marks: nobody who writes a plan puts words into it that another part of the line would say.
 */
export function signingWords(line: ManifestSigningLine): string {
  const { form, artefacts, of, options, keys, devices, name } = line
  const choices = Object.entries({ ...options, ...(devices && { devices }), ...(name && { name }) })
  return [
    `${form} of ${of ?? artefacts?.map(quoted).join(' ') ?? 'what is of this form'}`,
    `by ${keys.map((key) => `${quoted(key.name)} (${key.sha256.slice(0, 8)})`).join(' ')}`,
    ...choices.map(([what, value]) => `${what} ${[value].flat().map(quoted).join(',')}`),
  ].join(' ')
}

/** As it stands among other words. */
export function quoted(value: string | number | boolean): string {
  return typeof value === 'string' && !/^[\w.:/+*{}@-]+$/.test(value)
    ? JSON.stringify(value)
    : String(value)
}

/** @throws FormatError for anything but what `signingJson` gives */
export function readSigning(json: Json): ManifestSigning {
  if (!hasMembers(json, ['bare', 'digests', 'lines', 'plan'])) throw malformed('signing')
  return {
    plan: whole(json.plan, 'plan', 0),
    lines: each(json.lines, 'lines', 0, mostLines, readLine),
    bare: list(json.bare, 'bare', 0, mostKeys, readKey, ({ name }) => name),
    digests: list(json.digests, 'digests', 0, mostDigests, readDigest, ({ artefact }) => artefact),
  }
}

function readLine(json: Json): ManifestSigningLine {
  if (!hasMembers(json, ['artefacts', 'devices', 'form', 'keys', 'name', 'of', 'options']))
    throw malformed('line of the signing plan')
  const { artefacts, devices, name, of } = json
  return {
    form: matching(json.form, 'form', formForm),
    artefacts:
      artefacts === null
        ? null
        : each(artefacts, 'artefacts of a line', 1, mostNames, (one) =>
            matching(one, 'artefact of a line', lineForm),
          ),
    of: of === null ? null : matching(of, 'of', formForm),
    options: readChoices(json.options),
    keys: each(json.keys, 'keys of a line', 1, mostKeys, readKey),
    devices: devices === null ? null : matching(devices, 'devices', lineForm),
    name: name === null ? null : matching(name, 'name of what comes out', /^[\w.+{}-]{1,128}$/),
  }
}

function readChoices(json: Json): ManifestSigningLine['options'] {
  if (json === null || typeof json !== 'object' || isArray(json)) throw malformed('options')
  const entries = Object.entries(json)
  if (entries.length > mostChoices) throw new FormatError('too-many', 0, 'options')
  return Object.fromEntries(
    entries.map(([name, value]) => [
      matching(name, 'name of an option', /^[A-Za-z][A-Za-z0-9]{0,63}$/),
      readChoice(value),
    ]),
  )
}

function readChoice(value: Json): ManifestChoice {
  if (isArray(value))
    return value.map((one) => {
      if (typeof one !== 'string') throw malformed('list of an option')
      return one
    })
  if (typeof value === 'number') return whole(value, 'option', 0)
  if (typeof value === 'string' || typeof value === 'boolean') return value
  throw malformed('option')
}

function readKey(json: Json): ManifestKey {
  if (!hasMembers(json, ['name', 'sha256'])) throw malformed('key of the signing plan')
  return { name: matching(json.name, 'name of a key', lineForm), sha256: digest(json.sha256) }
}

function readDigest(json: Json): ManifestDigest {
  if (!hasMembers(json, ['artefact', 'form', 'key', 'of', 'over'])) throw malformed('digest')
  return {
    artefact: matching(json.artefact, 'artefact', fileNameForm),
    of: matching(json.of, 'of', fileNameForm),
    form: matching(json.form, 'form', formForm),
    over: oneOf(json.over, 'over', ['digest', 'message']),
    key: readKey(json.key),
  }
}

/** A list whose order says something. */
function each<T>(
  json: Json,
  what: string,
  least: number,
  most: number,
  read: (one: Json) => T,
): readonly T[] {
  if (!isArray(json)) throw malformed(what)
  if (json.length > most) throw new FormatError('too-many', 0, `${what}, at most ${most}`)
  if (json.length < least) throw new FormatError('element-missing', 0, what)
  return json.map(read)
}
