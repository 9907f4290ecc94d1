// SPDX-License-Identifier: Apache-2.0
/** Texts that are made to wear the looks out: each is passed over in milliseconds, or the file is told as cut short. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runInNewContext } from 'node:vm'
import { findIn } from '../../../test/support/scan.ts'

/** Ends what does not end by itself: patterns that go back without end took hours for these. */
const mostMilliseconds = 60_000

function rulesIn(text: string): readonly string[] {
  const look = () => findIn({ 'etc/hostile.conf': text }).map(({ rule }) => rule)
  return runInNewContext('look()', { look }, { timeout: mostMilliseconds })
}

const spaces = ' '.repeat(16_000)
const texts: Readonly<Record<string, string>> = {
  'a quote and blanks in PEM': `-----BEGIN PRIVATE KEY-----"${spaces}x-----END PRIVATE KEY-----\n`,
  'quotes and blanks in a certificate': `-----BEGIN CERTIFICATE-----${`"${' '.repeat(99)}`.repeat(600)}-----END CERTIFICATE-----\n`,
  'empty lines in the secrets of PPP': `# Secrets for authentication using PAP\n${'\n'.repeat(1_900)}x`,
  'blanks after the name of a password': `mqtt_password${' '.repeat(2_000)}\x01\n`.repeat(12),
  'the name of a password again and again': `${'mqtt_pass'.repeat(4_000)}\n`,
  'a unit with one endless line': `Environment=${'Environment=PASSWORD'.repeat(2_000)}\n`,
  'a service without its braces': `service telnet${' '.repeat(2_000)}\x01\n`.repeat(12),
  'a pair with blanks between its words': `password=a${spaces}b${spaces}c\n`,
  'openings of objects': '{"kty":'.repeat(9_000),
}

for (const [name, text] of Object.entries(texts))
  test(`a text of ${name} does not hold the scan up`, () => {
    const rules = rulesIn(text)
    assert.ok(
      rules.every((rule) => rule === 'look-cut-short' || rule === 'config-password'),
      rules.join(' '),
    )
  })

test('a line that is longer than any of a configuration is no line of one', () => {
  const before = 'x'.repeat(1_024)
  assert.deepEqual(rulesIn(`a=${before}PermitRootLogin yes\n`), [])
  assert.deepEqual(rulesIn('PermitRootLogin yes\n'), ['ssh-root-login'])
})
