// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '../format-error.ts'
import { parseStrictJson } from '../strict-json.ts'
import { isCycloneDx, readCycloneDx } from './cyclonedx.ts'
import type { SbomDocument } from './document.ts'
import { documentLimits, objectIn } from './fields.ts'
import { isSpdx, readSpdx } from './spdx.ts'

/** Reads an SBOM in either form. @throws FormatError */
export function parseSbom(bytes: Uint8Array): SbomDocument {
  const json = objectIn(parseStrictJson(bytes, documentLimits), 'the document')
  if (isCycloneDx(json)) return readCycloneDx(json)
  if (isSpdx(json)) return readSpdx(json)
  throw new FormatError('value-not-allowed', 0, 'neither CycloneDX nor SPDX in JSON')
}
