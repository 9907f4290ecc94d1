// SPDX-License-Identifier: Apache-2.0
import type { Rule } from './rule.ts'
import { alternativeNameRules } from './rules/alternative-names.ts'
import { constraintRules } from './rules/constraints.ts'
import { identifierRules } from './rules/identifiers.ts'
import { kindRules } from './rules/kinds.ts'
import { publicKeyRules } from './rules/public-key.ts'
import { statusRules } from './rules/status.ts'
import { subjectRules } from './rules/subject.ts'
import { usageRules } from './rules/usage.ts'
import { validityRules } from './rules/validity.ts'

/** Every rule, in the order of a certificate's fields; ids are unique. */
export const rules: readonly Rule[] = [
  ...validityRules,
  ...subjectRules,
  ...publicKeyRules,
  ...identifierRules,
  ...usageRules,
  ...constraintRules,
  ...alternativeNameRules,
  ...statusRules,
  ...kindRules,
]
