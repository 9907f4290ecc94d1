// SPDX-License-Identifier: Apache-2.0
/** A file is passed over by a look that has cues and meets none: what it would have told must not be lost so. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wholeLooks } from '#trust/secrets/looks.ts'
import { type Surroundings, textOf } from '#trust/secrets/sight.ts'
import { Random, seedOfRun } from '../../../test/fuzz/random.ts'
import { settingCases } from '../../../test/support/scan/setting-cases.ts'
import { findIn, scanTime } from '../../../test/support/scan.ts'

/** The rule and the identity of whatever looks at whole files tell of this one: a thing that stands in it twice is told once. */
function toldWithoutCues(octets: Uint8Array, name: string): readonly string[] {
  const file: Surroundings = {
    ...{ now: scanTime, name, head: octets, text: textOf(octets) },
    ...{ isText: true, isManual: false, isWhole: true },
  }
  const told: string[] = []
  for (const { cues, look } of wholeLooks)
    if (cues !== undefined)
      look(file, {
        found: ({ rule, identity }) => told.push(`${rule} ${identity}`),
        trace: () => undefined,
        spend: () => true,
        guess: () => false,
      })
  return told
}

const seed = seedOfRun()
test(`what is seen of whole files is seen where cues are asked for first (seed ${seed})`, () => {
  const random = new Random(seed)
  const blob = `AAAAC3NzaC1lZDI1NTE5AAAAI${random.bytes(32).toBase64({ omitPadding: true })}`
  const names = ['pass', 'Passphrase', 'PWD', 'client.secret', 'API_KEY', 'apikey', 'Auth_Token']
  const words = [...names, 'AccessToken', 'wifi-psk', 'wifiPsk', 'site', 'passage', 'token']
  const lines = [
    () => `${random.oneOf(words)}${random.oneOf([' = ', '=', ': '])}Tr0ub4dor&${random.below(99)}`,
    () => `export ${random.oneOf(words).toUpperCase()}="Tr0ub4dor&${random.below(99)}"`,
    () => random.oneOf(['', '# a remark', '[section]', '; another']),
    () => `${random.oneOf(['', 'no-pty ', 'command="/bin/x" '])}ssh-ed25519 ${blob} ada@bench`,
    () => random.oneOf(['console', 'tty1', 'pts/0', 'pts/1']),
  ]
  const fileOf = () => {
    // Mostly of one kind: a look wants every line to be of its own.
    const own = random.oneOf(lines)
    const some = Array.from({ length: 1 + random.below(6) }, () =>
      random.chance(8) ? random.oneOf(lines)() : own(),
    )
    if (random.chance(4)) return JSON.stringify({ [random.oneOf(words)]: 'Tr0ub4dor&3', some })
    return some.join(random.oneOf(['\n', '\r\n'])) + random.oneOf(['', '\n'])
  }
  const texts = [
    ...settingCases.flatMap(({ file, finds, silent }) => [finds, ...silent].map((t) => [file, t])),
    ...Array.from({ length: 600 }, () => [random.oneOf(['authorized_keys', 'a']), fileOf()]),
  ] as [string, string][]
  let many = 0
  for (const [name, text] of texts) {
    const due = toldWithoutCues(new TextEncoder().encode(text), name)
    const found = findIn({ [name]: text }).map(({ rule, identity }) => `${rule} ${identity}`)
    for (const one of due) assert.ok(found.includes(one), `${one} in ${JSON.stringify(text)}`)
    many += due.length
  }
  assert.ok(many > 100, `of whole files only ${many} were told`)
})
