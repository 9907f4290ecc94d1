// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '../format-error.ts'
import {
  documentLimits,
  objectIn,
  objectsIn,
  optionalObject,
  optionalText,
  textIn,
} from '../sbom/fields.ts'
import { parseStrictJson } from '../strict-json.ts'
import type { JsonObject } from '../tlog/canonical-json.ts'

export const inTotoPayloadType = 'application/vnd.in-toto+json'

/** Who built what, from which sources. */
export interface ProvenanceStatement {
  /** `SLSA provenance v1`. */
  readonly form: string
  readonly subjects: readonly { readonly name: string; readonly sha256: string | undefined }[]
  readonly builder: string
  readonly buildType: string
  /** What went in, each as its URI says it. */
  readonly sources: readonly {
    readonly uri: string | undefined
    readonly digest: string | undefined
  }[]
}

const statementTypes = ['https://in-toto.io/Statement/v1', 'https://in-toto.io/Statement/v0.1']

/** @throws FormatError @see in-toto attestation, statement v1; SLSA provenance v0.2 and v1 */
export function parseProvenance(payload: Uint8Array): ProvenanceStatement {
  const statement = objectIn(parseStrictJson(payload, documentLimits), 'the statement')
  const type = textIn(statement, '_type', 'statement')
  if (!statementTypes.includes(type))
    throw new FormatError('version-unknown', 0, `statement ${type.slice(0, 80)}`)
  const subjects = objectsIn(statement, 'subject', 'statement').map(({ item, path }) => {
    const digest = objectIn(item['digest'], `${path}.digest`)
    const sha256 = optionalText(digest, 'sha256', `${path}.digest`)
    if (sha256 !== undefined && !/^[0-9a-f]{64}$/.test(sha256))
      throw new FormatError('value-not-allowed', 0, `${path}.digest.sha256`)
    return { name: optionalText(item, 'name', path) ?? '', sha256 }
  })
  if (subjects.length === 0) throw new FormatError('element-missing', 0, 'statement.subject')
  const predicate = objectIn(statement['predicate'], 'statement.predicate')
  const predicateType = textIn(statement, 'predicateType', 'statement')
  switch (predicateType) {
    case 'https://slsa.dev/provenance/v1':
      return { form: 'SLSA provenance v1', subjects, ...predicateV1(predicate) }
    case 'https://slsa.dev/provenance/v0.2':
      return { form: 'SLSA provenance v0.2', subjects, ...predicateV02(predicate) }
    default:
      throw new FormatError('version-unknown', 0, `predicate ${predicateType.slice(0, 80)}`)
  }
}

type Predicate = Pick<ProvenanceStatement, 'builder' | 'buildType' | 'sources'>

function predicateV1(predicate: JsonObject): Predicate {
  const definition = objectIn(predicate['buildDefinition'], 'predicate.buildDefinition')
  const details = objectIn(predicate['runDetails'], 'predicate.runDetails')
  const builder = objectIn(details['builder'], 'predicate.runDetails.builder')
  return {
    builder: textIn(builder, 'id', 'predicate.runDetails.builder'),
    buildType: textIn(definition, 'buildType', 'predicate.buildDefinition'),
    sources: sourcesIn(definition, 'resolvedDependencies', 'predicate.buildDefinition'),
  }
}

function predicateV02(predicate: JsonObject): Predicate {
  const builder = objectIn(predicate['builder'], 'predicate.builder')
  return {
    builder: textIn(builder, 'id', 'predicate.builder'),
    buildType: textIn(predicate, 'buildType', 'predicate'),
    sources: sourcesIn(predicate, 'materials', 'predicate'),
  }
}

function sourcesIn(object: JsonObject, name: string, path: string): Predicate['sources'] {
  return objectsIn(object, name, path).map((one) => {
    const digest = optionalObject(one.item, 'digest', one.path)
    const algorithm = digest && Object.keys(digest)[0]
    return {
      uri: optionalText(one.item, 'uri', one.path),
      digest:
        digest === undefined || algorithm === undefined
          ? undefined
          : `${algorithm}:${textIn(digest, algorithm, `${one.path}.digest`)}`,
    }
  })
}
