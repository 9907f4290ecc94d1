// SPDX-License-Identifier: Apache-2.0
/** A vector for each rule about accounts, passwords, tokens and switches: what it finds, and what lies near and is none. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settingCases } from '../../../test/support/scan/setting-cases.ts'
import { findIn } from '../../../test/support/scan.ts'

test('a page of a manual is passed over, and nothing that only has a line of one', () => {
  const setting = 'PermitRootLogin yes\n'
  const manual = `.\\" made by a tool\n.de Sp\n.if t .sp\n..\n.TH SSHD_CONFIG 5\n.SH NAME\n${setting}`
  assert.deepEqual(findIn({ 'sshd_config.5': manual }), [])
  const script = `#!/bin/sh\ncat <<END\n.TH PUMP 1\nEND\n${setting}`
  assert.deepEqual(
    findIn({ 'first-boot.sh': script }).map(({ rule }) => rule),
    ['ssh-root-login'],
  )
})

test('every name that programs give a secret is found in a file of names and values, in every case', () => {
  const names = [
    ...['pass', 'password', 'passwd', 'passphrase', 'pwd', 'secret', 'psk', 'api_key', 'apikey'],
    ...['auth_token', 'authtoken', 'access_token', 'accesstoken'],
  ]
  const rulesIn = (text: string) => findIn({ 'pump.conf': text }).map(({ rule }) => rule)
  for (const name of names)
    for (const written of [name, name.toUpperCase(), `cloud_${name}`]) {
      assert.deepEqual(
        rulesIn(`site = 7\n${written} = Tr0ub4dor&3\n`),
        ['config-password'],
        written,
      )
      assert.deepEqual(rulesIn(`{ "${written}": "Tr0ub4dor&3" }`), ['config-password'], written)
    }
})

test('a password with the signs of a variable in it is one where nothing puts variables in', () => {
  for (const password of ['P@$$w0rd!', '50%off{now}', 'a<b>c-2026'])
    assert.deepEqual(
      findIn({ 'wpa.conf': `network={\n psk="${password}"\n}\n` }).map(({ rule }) => rule),
      ['wifi-password'],
      password,
    )
  for (const stands of [
    '$PASSWORD',
    '$'.concat('{PSK}'),
    '$(get psk)',
    '{{ wifi.psk }}',
    '<secret word>',
    '%PSK_HERE%',
    '@PSK_OF_ALL@',
  ])
    assert.deepEqual(findIn({ 'wpa.conf': `network={\n psk="${stands}"\n}\n` }), [], stands)
})

for (const { rule, source, file, finds, silent } of settingCases) {
  test(`${rule} is found (${source})`, () => {
    const found = findIn({ [file]: finds })
    assert.ok(
      found.some((finding) => finding.rule === rule),
      JSON.stringify(found),
    )
    // A secret is in no part of what is told.
    assert.doesNotMatch(
      JSON.stringify(found),
      /Tango|S3cret|setup-1234|Ab5J9|AKIAQ|zQWBu|GawgguFy|yAnz5/,
    )
  })
  for (const [index, text] of silent.entries())
    test(`${rule} is not found where there is nothing (${source}, ${index + 1})`, () => {
      const found = findIn({ [file]: text })
      assert.deepEqual(
        found.map(({ rule: other, what }) => `${other} ${what}`),
        [],
      )
    })
}
