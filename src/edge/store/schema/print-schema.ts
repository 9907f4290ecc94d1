// SPDX-License-Identifier: Apache-2.0
/**
 * Prints the schema that the tables ask for: `node src/edge/store/schema/print-schema.ts`.
 *
 * Until the first release its output replaces migrations/0001-first.sql; afterwards that file is
 * frozen, and a change of the tables comes with a migration of its own.
 */
import { sqlite } from './dialect.ts'
import { schema } from './schema.ts'

process.stdout.write(`${schema(sqlite).join(';\n\n')};\n`)
