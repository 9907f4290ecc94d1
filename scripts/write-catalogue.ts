// SPDX-License-Identifier: Apache-2.0
/** Writes src/format/admin/catalogue.ts anew, from the rows of the table of operations. */
import { writeFileSync } from 'node:fs'
import { catalogueText } from '../test/support/catalogue-text.ts'

writeFileSync('src/format/admin/catalogue.ts', await catalogueText())
