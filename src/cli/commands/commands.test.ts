// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { operationNames, operationOf } from '#format/admin/operations.ts'
import { commandHelp } from '../help/command-help.ts'
import { groupedCommands } from '../help/groups.ts'
import { overview } from '../help/overview.ts'
import { shapeOfList } from '../show/shapes.ts'
import { plainPaint } from '../terminal/paint.ts'
import { verbOf } from '../verbs/verbs.ts'
import { commandNamed, commands, whole } from './commands.ts'
import { commonArguments } from './common.ts'
import { examples } from './examples.ts'
import { readLine } from './read-line.ts'

const options = { paint: plainPaint, columns: 80 }

test('every operation that a command line can reach is a command, and no other', () => {
  const reachable = operationNames.filter((name) => {
    const { doors = ['local'] } = operationOf(name)
    return doors.includes('local') || doors.includes('machine')
  })
  const made = commands.flatMap(({ operation }) => (operation === undefined ? [] : [operation]))
  assert.deepEqual(made.toSorted(), reachable)
})

for (const command of await Promise.all(commands.map(whole))) {
  test(`"${command.name}" has examples, and each is a command line of its own`, () => {
    assert.ok(command.examples.length > 0)
    for (const example of command.examples) {
      const words = example.split(' < ', 1)[0]?.match(/"[^"]*"|\S+/g) ?? []
      const own = command.name.split(' ')
      assert.deepEqual(words.slice(0, own.length), own)
      if (command.operation !== undefined) readLine(command, words.slice(own.length))
    }
  })

  test(`"${command.name}" has flags that mean one thing each`, () => {
    const flags = command.arguments.filter(({ how }) => how === 'flag').map(({ flag }) => flag)
    assert.equal(new Set(flags).size, flags.length)
    // A log's or a signer's key and a machine's key never meet: with a file, no server is asked.
    const shared = flags.filter((flag) => commonArguments.some((common) => common.flag === flag))
    const own = ['log verify', 'firmware sign', 'firmware verify']
    assert.deepEqual(shared, own.includes(command.name) ? ['key'] : [])
  })

  test(`"${command.name}" has help in lines of 80 characters that name all it takes`, () => {
    const lines = commandHelp({ ...command, examples: [] }, options)
    for (const line of lines) assert.ok(line.length <= 80 || !line.trim().includes(' '), line)
    for (const { flag, how, placeholder } of command.arguments) {
      if (how === 'flag')
        assert.ok(
          lines.some((line) => line.startsWith(`  --${flag}`)),
          flag,
        )
      if (how === 'position') assert.ok(lines.join(' ').includes(placeholder), placeholder)
    }
  })
}

test('no example is of a command that is gone', () => {
  for (const name of Object.keys(examples)) assert.ok(commandNamed(name), name)
})

test('every command stands once in the overview, in a group of its own', () => {
  const grouped = groupedCommands()
  assert.deepEqual(
    grouped.flatMap((group) => group.commands.map(({ name }) => name)).toSorted(),
    commands.map(({ name }) => name).toSorted(),
  )
  assert.ok(!grouped.some(({ title }) => title === 'More'), 'a noun without a group')
  const lines = overview(options)
  for (const { name, summary } of commands) {
    assert.ok(
      lines.some((line) => line.startsWith(`  ${name} `) && line.includes(summary.slice(0, 20))),
    )
  }
})

test('every command has a verb, and every list its columns', async () => {
  for (const command of commands) {
    if (command.operation === undefined) continue
    assert.equal(typeof (await verbOf(command)), 'function', command.name)
    if (command.kind === 'list') assert.ok(shapeOfList[command.operation], command.name)
  }
})
