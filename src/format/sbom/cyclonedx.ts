// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '../format-error.ts'
import { parseStrictJson } from '../strict-json.ts'
import type { JsonObject } from '../tlog/canonical-json.ts'
import { isDay, type SbomComponent, type SbomDocument } from './document.ts'
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

export const cyclonedxVersions = ['1.4', '1.5', '1.6', '1.7'] as const

/**
 * Properties that say what FDA asks for of each component, since the form has no members for it: the official
 * taxonomy's milestone, and the names that tools for medical devices write.
 *
 * @see CycloneDX property taxonomy, cdx:lifecycle; FDA premarket guidance (2026-02-03) section V.A.4(b)
 */
const levelProperties = ['cdx:fda:level-of-support', 'vitalsign:support-level']
const endProperties = ['cdx:lifecycle:milestone:endOfSupport', 'cdx:fda:end-of-support-date']

/** Whether it calls itself CycloneDX; what it holds may still be wrong. */
export function isCycloneDx(json: JsonObject): boolean {
  return json['bomFormat'] === 'CycloneDX'
}

/** @throws FormatError @see ECMA-424 */
export function parseCycloneDx(bytes: Uint8Array): SbomDocument {
  return readCycloneDx(objectIn(parseStrictJson(bytes, documentLimits), 'the document'))
}

/** @throws FormatError */
export function readCycloneDx(bom: JsonObject): SbomDocument {
  if (!isCycloneDx(bom)) throw new FormatError('value-not-allowed', 0, 'bomFormat')
  const version = textIn(bom, 'specVersion', 'bom')
  if (!cyclonedxVersions.some((known) => known === version))
    throw new FormatError(
      'version-unknown',
      0,
      `CycloneDX ${version.slice(0, 20)}, known are ${cyclonedxVersions.join(', ')}`,
    )
  const metadata = optionalObject(bom, 'metadata', 'bom')
  const related = relatedIn(bom)
  const all: SbomComponent[] = []
  const read = (item: JsonObject, path: string): SbomComponent => {
    const component = componentIn(item, path, `(${all.length})`, related)
    all.push(component)
    for (const inner of objectsIn(item, 'components', path)) read(inner.item, inner.path)
    return component
  }
  const main = metadata && optionalObject(metadata, 'component', 'bom.metadata')
  if (main !== undefined) read(main, 'bom.metadata.component')
  // What is nested in it is what it is assembled from: one build makes several files.
  const describes = [...all]
  for (const { item, path } of objectsIn(bom, 'components', 'bom')) read(item, path)
  demandUnique(all)
  return {
    form: `CycloneDX ${version}`,
    id: optionalText(bom, 'serialNumber', 'bom'),
    madeAt: metadata && optionalInstant(metadata, 'timestamp', 'bom.metadata'),
    authors: metadata === undefined ? [] : authorsIn(metadata),
    ...{ describes, components: all },
    vulnerabilities: objectsIn(bom, 'vulnerabilities', 'bom').length,
  }
}

/** Who made the data: people, or the organisation; tools are not asked for by name. */
function authorsIn(metadata: JsonObject): readonly string[] {
  const people = objectsIn(metadata, 'authors', 'bom.metadata').flatMap(
    ({ item, path }) => optionalText(item, 'name', path) ?? optionalText(item, 'email', path) ?? [],
  )
  // `manufacture` until 1.5, `manufacturer` since.
  const makers = ['manufacturer', 'manufacture', 'supplier'].flatMap((name) => {
    const maker = optionalObject(metadata, name, 'bom.metadata')
    return (maker && optionalText(maker, 'name', `bom.metadata.${name}`)) ?? []
  })
  return [...people, ...makers]
}

/** Refs of which the dependencies say something, on either side. */
function relatedIn(bom: JsonObject): ReadonlySet<string> {
  const related = new Set<string>()
  for (const { item, path } of objectsIn(bom, 'dependencies', 'bom')) {
    related.add(textIn(item, 'ref', path))
    for (const list of ['dependsOn', 'provides'])
      for (const ref of textsIn(item, list, path)) related.add(ref)
  }
  return related
}

function componentIn(
  item: JsonObject,
  path: string,
  made: string,
  related: ReadonlySet<string>,
): SbomComponent {
  const name = textIn(item, 'name', path)
  const ref = optionalText(item, 'bom-ref', path)
  const hashes = objectsIn(item, 'hashes', path).map((hash) => ({
    algorithm: textIn(hash.item, 'alg', hash.path),
    content: textIn(hash.item, 'content', hash.path).toLowerCase(),
  }))
  for (const { algorithm, content } of hashes)
    if (!/^[0-9a-f]{32,128}$/.test(content) || (algorithm === 'SHA-256' && content.length !== 64))
      throw new FormatError('value-not-allowed', 0, `${path}.hashes: ${algorithm}`)
  const properties = new Map(
    objectsIn(item, 'properties', path).map((property) => [
      optionalText(property.item, 'name', property.path),
      optionalText(property.item, 'value', property.path),
    ]),
  )
  const swid = optionalObject(item, 'swid', path)
  const said = (names: readonly string[]) =>
    names.map((one) => properties.get(one)).find((value) => value !== undefined)
  const end = said(endProperties)
  return {
    ...{ ref: ref ?? made, name, version: optionalText(item, 'version', path) },
    supplier: supplierIn(item, path),
    identifiers: [
      optionalText(item, 'purl', path),
      optionalText(item, 'cpe', path),
      swid && optionalText(swid, 'tagId', `${path}.swid`),
    ].filter((one) => one !== undefined),
    sha256: hashes.filter(({ algorithm }) => algorithm === 'SHA-256').map(({ content }) => content),
    hasHash: hashes.length > 0,
    isRelated: ref !== undefined && related.has(ref),
    supportLevel: said(levelProperties),
    endOfSupport: end !== undefined && isDay(end) ? end : undefined,
  }
}

/** Who it comes from: the supplier, else the maker, else who publishes it. */
function supplierIn(item: JsonObject, path: string): string | undefined {
  for (const name of ['supplier', 'manufacturer']) {
    const one = optionalObject(item, name, path)
    const text = one && optionalText(one, 'name', `${path}.${name}`)
    if (text !== undefined) return text
  }
  return optionalText(item, 'publisher', path)
}

/** Two components of one ref are not told apart by what refers to them. */
function demandUnique(components: readonly SbomComponent[]): void {
  const seen = new Set<string>()
  for (const { ref } of components) {
    if (seen.has(ref)) throw new FormatError('text-malformed', 0, `bom-ref ${ref} stands twice`)
    seen.add(ref)
  }
}
