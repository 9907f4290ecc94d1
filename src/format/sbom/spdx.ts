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

const documentRef = 'SPDXRef-DOCUMENT'
/** What an annotation of a package says of its support, since SPDX 2.3 has no member for it. */
const supportForm = /^support[- ]level:\s*(\S.*)$/im

export function isSpdx(json: JsonObject): boolean {
  return typeof json['spdxVersion'] === 'string'
}

/** @throws FormatError @see SPDX 2.3, which ISO/IEC 5962 has as 2.2.1 */
export function parseSpdx(bytes: Uint8Array): SbomDocument {
  return readSpdx(objectIn(parseStrictJson(bytes, documentLimits), 'the document'))
}

/** @throws FormatError */
export function readSpdx(spdx: JsonObject): SbomDocument {
  const version = textIn(spdx, 'spdxVersion', 'spdx')
  if (version !== 'SPDX-2.3')
    throw new FormatError('version-unknown', 0, `${version.slice(0, 20)}, known is SPDX-2.3`)
  if (textIn(spdx, 'SPDXID', 'spdx') !== documentRef)
    throw new FormatError('value-not-allowed', 0, 'spdx.SPDXID')
  const { related, described } = relationshipsIn(spdx)
  const components: SbomComponent[] = []
  const seen = new Set<string>()
  for (const { item, path } of objectsIn(spdx, 'packages', 'spdx')) {
    const component = packageIn(item, path, related)
    if (seen.has(component.ref))
      throw new FormatError('text-malformed', 0, `${component.ref} stands twice`)
    seen.add(component.ref)
    components.push(component)
  }
  const files = objectsIn(spdx, 'files', 'spdx')
    .filter(({ item }) => described.has(String(item['SPDXID'])))
    .map(({ item, path }) => fileIn(item, path))
  const creation = optionalObject(spdx, 'creationInfo', 'spdx')
  return {
    form: 'SPDX 2.3',
    id: optionalText(spdx, 'documentNamespace', 'spdx'),
    madeAt: creation && optionalInstant(creation, 'created', 'spdx.creationInfo'),
    authors: creation === undefined ? [] : authorsIn(creation),
    describes: [...components.filter(({ ref }) => described.has(ref)), ...files],
    components,
    vulnerabilities: 0,
  }
}

/** People and organisations; a tool makes no statement of its own. */
function authorsIn(creation: JsonObject): readonly string[] {
  return textsIn(creation, 'creators', 'spdx.creationInfo').flatMap(
    (creator) => /^(?:Person|Organization):\s*(\S.*)$/.exec(creator)?.[1] ?? [],
  )
}

function relationshipsIn(spdx: JsonObject) {
  const related = new Set<string>()
  const described = new Set(textsIn(spdx, 'documentDescribes', 'spdx'))
  for (const { item, path } of objectsIn(spdx, 'relationships', 'spdx')) {
    const from = textIn(item, 'spdxElementId', path)
    const to = textIn(item, 'relatedSpdxElement', path)
    const kind = textIn(item, 'relationshipType', path)
    if (kind === 'DESCRIBES' && from === documentRef) described.add(to)
    else if (kind === 'DESCRIBED_BY' && to === documentRef) described.add(from)
    else related.add(from).add(to)
  }
  return { related, described }
}

function packageIn(item: JsonObject, path: string, related: ReadonlySet<string>): SbomComponent {
  const ref = textIn(item, 'SPDXID', path)
  const { sha256, hasHash } = checksumsIn(item, path)
  const identifiers = objectsIn(item, 'externalRefs', path).flatMap((one) => {
    const type = textIn(one.item, 'referenceType', one.path)
    const locator = textIn(one.item, 'referenceLocator', one.path)
    return ['purl', 'cpe22Type', 'cpe23Type', 'swid', 'gitoid', 'swh'].includes(type)
      ? [locator]
      : []
  })
  const comments = objectsIn(item, 'annotations', path).map((one) =>
    optionalText(one.item, 'comment', one.path),
  )
  const level = comments.flatMap((comment) => supportForm.exec(comment ?? '')?.[1] ?? [])[0]
  const end = optionalText(item, 'validUntilDate', path)
  return {
    ...{ ref, name: textIn(item, 'name', path), version: stated(item, 'versionInfo', path) },
    supplier: whoIn(item, 'supplier', path) ?? whoIn(item, 'originator', path),
    ...{ identifiers, sha256, hasHash, isRelated: related.has(ref), supportLevel: level },
    endOfSupport: end !== undefined && isDay(end) ? end : undefined,
  }
}

/** A described file, of which only its name and digests are of use. */
function fileIn(item: JsonObject, path: string): SbomComponent {
  return {
    ...{ ref: textIn(item, 'SPDXID', path), name: textIn(item, 'fileName', path) },
    ...{ version: undefined, supplier: undefined, identifiers: [], isRelated: true },
    ...{ supportLevel: undefined, endOfSupport: undefined, ...checksumsIn(item, path) },
  }
}

function checksumsIn(item: JsonObject, path: string) {
  const sums = objectsIn(item, 'checksums', path).map((sum) => ({
    algorithm: textIn(sum.item, 'algorithm', sum.path),
    value: textIn(sum.item, 'checksumValue', sum.path).toLowerCase(),
  }))
  for (const { algorithm, value } of sums)
    if (!/^[0-9a-f]{8,128}$/.test(value) || (algorithm === 'SHA256' && value.length !== 64))
      throw new FormatError('value-not-allowed', 0, `${path}.checksums: ${algorithm}`)
  const sha256 = sums.filter(({ algorithm }) => algorithm === 'SHA256').map(({ value }) => value)
  return { sha256, hasHash: sums.length > 0 }
}

/** What is said; NOASSERTION and NONE say nothing. */
function stated(item: JsonObject, name: string, path: string): string | undefined {
  const text = optionalText(item, name, path)
  return text === 'NOASSERTION' || text === 'NONE' ? undefined : text
}

function whoIn(item: JsonObject, name: string, path: string): string | undefined {
  return /^(?:Person|Organization):\s*(\S.*)$/.exec(stated(item, name, path) ?? '')?.[1]
}
