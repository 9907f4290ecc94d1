// SPDX-License-Identifier: Apache-2.0
import { parseRule } from './lint.ts'
import { rules } from './rules.ts'

/** `docs/conformance/lint.md`, made from the table of rules; a test holds that they are equal. */
export function lintDocument(): string {
  const rows = [parseRule, ...rules].map(
    ({ id, severity, holds, source }) => `| \`${id}\` | ${severity} | ${holds} | ${source} |`,
  )
  return `# What a certificate is held to before it is signed

Made from the table in \`src/trust/lint/rules\`. The linter reads the very bytes that will be signed, together
with the certificate of the key that will sign them. An error stops the certificate (refusal \`lint-failed\`);
a warning does not. "own" marks a rule of this house.

| rule | severity | what holds | source |
|---|---|---|---|
${rows.join('\n')}
`
}
