// SPDX-License-Identifier: Apache-2.0
/** Writes docs/openapi.json anew; refuses if something that was promised would be gone. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { openApiDocument } from '#edge/admin/openapi.ts'
import { programVersion } from '#house/version.ts'
import { lostBetween } from '../test/support/openapi-growth.ts'

const path = 'docs/openapi.json'
const document = openApiDocument(programVersion())
const lost = existsSync(path) ? lostBetween(JSON.parse(readFileSync(path, 'utf8')), document) : []
for (const one of lost) console.error(`freeze-openapi: error: ${one}`)
if (lost.length > 0) process.exit(1)
writeFileSync(path, `${JSON.stringify(document, null, 2)}\n`)
