// SPDX-License-Identifier: Apache-2.0
import { crlRules } from './crl/crl-rules.ts'
import { crlEntriesRule, crlParseRule } from './crl/lint-crl.ts'
import { parseRule } from './lint.ts'
import { rules } from './rules.ts'

/** `docs/conformance/lint.md`, made from the table of rules; a test holds that they are equal. */
export function lintDocument(): string {
  const row = ({ id, severity, holds, source }: Row) =>
    `| \`${id}\` | ${severity} | ${holds} | ${source} |`
  const rows = [parseRule, ...rules].map(row)
  const ofLists = [crlParseRule, ...crlRules, crlEntriesRule].map(row)
  return `# What a certificate is held to before it is signed

Made from the table in \`src/trust/lint/rules\`. The linter reads the very bytes that will be signed, together
with the certificate of the key that will sign them. An error stops the certificate (refusal \`lint-failed\`);
a warning does not. "own" marks a rule of this house.

| rule | severity | what holds | source |
|---|---|---|---|
${rows.join('\n')}

## What a revocation list is held to before it is signed

Made from the table in \`src/trust/lint/crl\`. A list with an error is neither booked nor served (fault
\`crl-lint-failed\`), and the one before it stays. [crl.md](crl.md) says what our lists are.

| rule | severity | what holds | source |
|---|---|---|---|
${ofLists.join('\n')}
`
}

type Row = Readonly<Record<'id' | 'severity' | 'holds' | 'source', string>>
