// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '../format-error.ts'
import { parseStrictJson } from '../strict-json.ts'
import type { JsonObject } from '../tlog/canonical-json.ts'
import { isCycloneDx, readCycloneDx } from './cyclonedx.ts'
import {
  documentLimits,
  objectIn,
  objectsIn,
  optionalInstant,
  optionalObject,
  optionalText,
  textIn,
  textsIn,
} from './fields.ts'

export const vexStatuses = ['not-affected', 'affected', 'fixed', 'under-investigation'] as const
export type VexStatus = (typeof vexStatuses)[number]

export interface VexDocument {
  /** `OpenVEX 0.2.0`, `CycloneDX 1.6`. */
  readonly form: string
  readonly author: string | undefined
  readonly madeAt: Temporal.Instant | undefined
  readonly statements: readonly VexStatement[]
}

export interface VexStatement {
  readonly vulnerability: string
  readonly status: VexStatus
  /** What is done about it, or why it does not matter; undefined: nothing is said. */
  readonly because: string | undefined
  /** Identifiers (purl, CPE, IRI, ref) and SHA-256 digests of what it is said of. */
  readonly products: readonly VexProduct[]
}

export interface VexProduct {
  readonly identifiers: readonly string[]
  readonly sha256: readonly string[]
}

/** Reads what is said of vulnerabilities. @throws FormatError @see OpenVEX 0.2.0; CycloneDX, vulnerability */
export function parseVex(bytes: Uint8Array): VexDocument {
  const json = objectIn(parseStrictJson(bytes, documentLimits), 'the document')
  if (isCycloneDx(json)) return cyclonedxVex(json)
  const context = json['@context']
  const [, version] =
    /^https:\/\/openvex\.dev\/ns(?:\/v(0\.\d+\.\d+))?$/.exec(
      typeof context === 'string' ? context : '',
    ) ?? []
  if (typeof context === 'string' && context.startsWith('https://openvex.dev/ns'))
    return openVex(json, version ?? '0.0.1')
  throw new FormatError('value-not-allowed', 0, 'neither OpenVEX nor CycloneDX in JSON')
}

const openVexStatus: ReadonlyMap<string, VexStatus> = new Map([
  ['not_affected', 'not-affected'],
  ['affected', 'affected'],
  ['fixed', 'fixed'],
  ['under_investigation', 'under-investigation'],
])

function openVex(json: JsonObject, version: string): VexDocument {
  if (!['0.0.1', '0.2.0'].includes(version))
    throw new FormatError('version-unknown', 0, `OpenVEX ${version}, known are 0.0.1 and 0.2.0`)
  const statements = objectsIn(json, 'statements', 'vex').map(({ item, path }): VexStatement => {
    const said = textIn(item, 'status', path)
    const status = openVexStatus.get(said)
    if (status === undefined) throw new FormatError('value-not-allowed', 0, `${path}.status`)
    const reason =
      optionalText(item, 'justification', path) ?? optionalText(item, 'impact_statement', path)
    return {
      vulnerability: vulnerabilityIn(item, path),
      status,
      because: status === 'affected' ? optionalText(item, 'action_statement', path) : reason,
      products: productsIn(item, path),
    }
  })
  return {
    form: `OpenVEX ${version}`,
    author: optionalText(json, 'author', 'vex'),
    madeAt: optionalInstant(json, 'timestamp', 'vex'),
    statements,
  }
}

/** A name alone until 0.0.1, an object since. */
function vulnerabilityIn(item: JsonObject, path: string): string {
  const value = item['vulnerability']
  if (typeof value === 'string') return textIn(item, 'vulnerability', path)
  const object = objectIn(value, `${path}.vulnerability`)
  return (
    optionalText(object, 'name', `${path}.vulnerability`) ??
    textIn(object, '@id', `${path}.vulnerability`)
  )
}

function productsIn(item: JsonObject, path: string): readonly VexProduct[] {
  const listed = item['products']
  if (Array.isArray(listed) && listed.every((one) => typeof one === 'string'))
    return textsIn(item, 'products', path).map((id) => ({ identifiers: [id], sha256: [] }))
  return objectsIn(item, 'products', path).map((product) => {
    const identifiers = optionalObject(product.item, 'identifiers', product.path)
    const hashes = optionalObject(product.item, 'hashes', product.path)
    const own = optionalText(product.item, '@id', product.path)
    return {
      identifiers: [
        ...(own === undefined ? [] : [own]),
        ...Object.keys(identifiers ?? {}).map((name) =>
          textIn(identifiers ?? {}, name, `${product.path}.identifiers`),
        ),
      ],
      sha256: digestsIn(hashes, product.path),
    }
  })
}

function digestsIn(hashes: JsonObject | undefined, path: string): readonly string[] {
  const text = hashes && optionalText(hashes, 'sha-256', `${path}.hashes`)?.toLowerCase()
  if (text === undefined) return []
  if (!/^[0-9a-f]{64}$/.test(text)) throw new FormatError('value-not-allowed', 0, `${path}.hashes`)
  return [text]
}

const cyclonedxStatus: ReadonlyMap<string, VexStatus> = new Map([
  ['resolved', 'fixed'],
  ['resolved_with_pedigree', 'fixed'],
  ['exploitable', 'affected'],
  ['in_triage', 'under-investigation'],
  ['false_positive', 'not-affected'],
  ['not_affected', 'not-affected'],
])

function cyclonedxVex(json: JsonObject): VexDocument {
  const bom = readCycloneDx(json)
  const known = new Map(bom.components.map((one) => [one.ref, one]))
  const statements = objectsIn(json, 'vulnerabilities', 'bom').map(
    ({ item, path }): VexStatement => {
      const analysis = optionalObject(item, 'analysis', path)
      const place = `${path}.analysis`
      const state = analysis && optionalText(analysis, 'state', place)
      const status = state === undefined ? 'under-investigation' : cyclonedxStatus.get(state)
      if (status === undefined) throw new FormatError('value-not-allowed', 0, `${place}.state`)
      const response = analysis === undefined ? [] : textsIn(analysis, 'response', place)
      const reason =
        analysis &&
        (optionalText(analysis, 'justification', place) ?? optionalText(analysis, 'detail', place))
      return {
        ...{ vulnerability: textIn(item, 'id', path), status },
        because: status === 'affected' && response.length > 0 ? response.join(', ') : reason,
        products: objectsIn(item, 'affects', path).map((one) => {
          const ref = textIn(one.item, 'ref', one.path)
          const component = known.get(ref)
          return {
            identifiers: [ref, ...(component?.identifiers ?? [])],
            sha256: component?.sha256 ?? [],
          }
        }),
      }
    },
  )
  if (statements.length === 0)
    throw new FormatError('element-missing', 0, 'bom.vulnerabilities: it says nothing of any')
  return {
    ...{ form: bom.form, author: bom.authors[0], madeAt: bom.madeAt },
    // What it is of as a whole counts for each: a bom of one artefact names it once.
    statements: statements.map((statement) => ({
      ...statement,
      products: [
        ...statement.products,
        ...bom.describes.map(({ identifiers, sha256 }) => ({ identifiers, sha256 })),
      ],
    })),
  }
}
