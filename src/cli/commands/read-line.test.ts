// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exit, Stop } from '../stop.ts'
import { commands, whole } from './commands.ts'
import { commonArguments } from './common.ts'
import { readLine } from './read-line.ts'

const known = new Map(
  (await Promise.all(commands.map(whole))).map((command) => [command.name, command]),
)

function read(name: string, ...words: readonly string[]) {
  const command = known.get(name)
  assert.ok(command, name)
  return readLine(command, words)
}

function refuses(message: RegExp, name: string, ...words: readonly string[]) {
  assert.throws(
    () => read(name, ...words),
    (error) =>
      error instanceof Stop && error.status === exit.wrongUse && message.test(error.message),
  )
}

test('reads positions, flags and numbers in any order', () => {
  const said = read(
    'device add',
    '--lot',
    'L7',
    'PUMP-0001',
    '--product=pump',
    '--watch',
    '--hours',
    '2',
  )
  assert.equal(said.text('serial'), 'PUMP-0001')
  assert.equal(said.text('product'), 'pump')
  assert.equal(said.text('lot'), 'L7')
  assert.equal(said.value('hours'), 2)
  assert.equal(said.has('watch'), true)
  assert.equal(said.has('noCode'), false)
})

test('a flag that may be repeated gathers, any other may not be', () => {
  const said = read(
    ...(['authority trust', 'chip maker', '--certificate', 'a.pem'] as const),
    ...(['--product', 'pump', '--product', 'drip'] as const),
  )
  assert.deepEqual(said.value('products'), ['pump', 'drip'])
  refuses(/--lot was given twice/, 'device list', '--lot', 'a', '--lot', 'b')
})

test('what an input is named is not taken for where the command is asked', () => {
  const said = read(
    ...(['notification add', 'on-call', '--kind', 'smtp', '--address', 'ops@example.com'] as const),
    ...(['--mail-server', 'smtp://mail.example.com:587', '--server', 'https://pki:8443'] as const),
  )
  assert.equal(said.text('server'), 'smtp://mail.example.com:587')
  assert.equal(said.text('remoteServer'), 'https://pki:8443')
  const common = new Set(commonArguments.map(({ name }) => name))
  for (const { name: word, arguments: own } of known.values()) {
    const taken = own.filter(({ name, flag }) => common.has(name) && name !== flag)
    assert.deepEqual(taken, [], word)
  }
})

test('words of explain need no quotes', () => {
  assert.deepEqual(read('explain', 'birth', 'identity').value('word'), ['birth', 'identity'])
})

test('a lone dash is a file, and two end the flags', () => {
  assert.equal(read('device import', '-', '--product', 'pump').text('file'), '-')
  assert.equal(read('device show', '--', '--odd').text('device'), '--odd')
})

test('a value that looks like a flag must be tied to its own', () => {
  refuses(/--lot wants a value/, 'device list', '--lot', '--json')
  assert.equal(read('device list', '--lot=--json').text('lot'), '--json')
})

test('what is missing, empty, unknown or too much is named', () => {
  refuses(/missing: SERIAL .*, --product/, 'device add')
  refuses(/SERIAL is empty/, 'device add', '', '--product', 'pump')
  refuses(/no option --colour/, 'status', '--colour')
  refuses(/no option -x/, 'status', '-x')
  refuses(/"more" is one word too many/, 'status', 'more')
  refuses(/--all takes no value/, 'device list', '--all=yes')
  refuses(/"1e3" is not a whole number/, 'device list', '--limit', '1e3')
  refuses(/"actve" is none of expected, provisioned/, 'device list', '--state', 'actve')
})

test('a secret is no flag: it cannot stand in the arguments', () => {
  refuses(/no option --passphrase/, 'claim', 'Ada', '--passphrase', 'x')
  refuses(/no option --token/, 'claim', 'Ada', '--token', 'x')
})
