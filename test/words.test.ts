// SPDX-License-Identifier: Apache-2.0
/**
 * No word reaches a person that has no row in docs/words.md.
 *
 * Watched are: every refusal, fault and event; every noun of the command line and every word that an
 * answer can hold; and in whatever people read (help, refusals' details, the first page) each word in
 * backticks, each acronym, and each term of the standards or of this house that is listed below.
 */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { z } from 'zod'
import { commands, nouns, whole } from '#cli/commands/commands.ts'
import { commonArguments } from '#cli/commands/common.ts'
import { commandHelp } from '#cli/help/command-help.ts'
import { optionsHelp, overview } from '#cli/help/overview.ts'
import { actorKinds, eventTypes } from '#core/audit/event.ts'
import { faults } from '#core/fault.ts'
import { refusals } from '#core/refusal.ts'
import { deviceRefusals } from '#device/refusal.ts'
import { fieldsOf } from '#format/admin/operation.ts'
import { operationNames, operationOf } from '#format/admin/operations.ts'
import { parseWords, readWords } from '#house/words.ts'
import { keyAlgorithms } from '#trust/algorithms.ts'

const words = readWords()
const rows = parseWords(readFileSync('docs/words.md', 'utf8'))
/** The tables by the title above each. */
const tables = new Map(
  readFileSync('docs/words.md', 'utf8')
    .split(/^## /m)
    .slice(1)
    .map((section) => [section.split('\n', 1)[0] ?? '', parseWords(section)] as const),
)

/** Terms that people need not know: each may be used where they read only if it has a row. */
const terms = [
  ...[
    'anchor',
    'assertion',
    'attestation',
    'authority key identifier',
    'basic constraints',
    'bearer',
  ],
  ...[
    'birth certificate',
    'birth identity',
    'chain',
    'challenge',
    'checkpoint',
    'claim link',
    'client certificate',
  ],
  ...[
    'commitment',
    'cursor',
    'digest',
    'distinguished name',
    'distribution point',
    'end entity',
    'enrol',
  ],
  ...[
    'enrolment code',
    'entrance',
    'environment',
    'exception',
    'exposure',
    'extended key usage',
    'fingerprint',
  ],
  ...[
    'identity',
    'installation',
    'intermediate',
    'invitation',
    'issuer',
    'issuing authority',
    'key usage',
  ],
  ...[
    'label',
    'leaf certificate',
    'ledger',
    'linked timestamp',
    'lot',
    'merkle',
    'nonce',
    'passphrase',
    'path length',
  ],
  ...[
    'policy mapping',
    'possession',
    'principal',
    'private key',
    'profile',
    'quarantine',
    'registration authority',
  ],
  ...[
    'relying party',
    'renew',
    'revocation list',
    'revoke',
    'root',
    'salt',
    'serial number',
    'session',
    'socket',
  ],
  ...[
    'subject',
    'subject alternative name',
    'subject key identifier',
    'subordinate',
    'thumbprint',
    'token',
  ],
  ...['trust anchor', 'trust store', 'trustpoint', 'witness', 'working identity'],
]

/** `LDevID`, `SHA-256`, `RFC`: two capitals or more in one word. */
const acronym = /\b(?=[A-Za-z0-9]*[A-Z][A-Za-z0-9-]*[A-Z])[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*\b/g

/** What of a text is no word of its own: addresses, paths, flags, and names of software. */
const noWords = [
  /https?:\/\/\S+/g,
  /(?:^|(?<=[\s"(]))(?:\.{0,2}\/|DIR\/|bin\/|docs\/|clients\/)\S*/g,
  /\b[\w.-]+\.(?:json|md|sh|sock)\b/g,
  /--[a-z-]+/g,
  /\bJavaScript\b|\bOpenAPI\b|\bOpenSSL\b/g,
]

const wholeCommands = await Promise.all(commands.map(whole))

/** Capitals that stand for what a person writes. */
const placeholders = new Set([
  ...wholeCommands.flatMap((command) => command.arguments.map(({ placeholder }) => placeholder)),
  ...[
    'DIR',
    'FILE',
    'HOST',
    'IMAGE',
    'NAME',
    'USER',
    'NOUN',
    'OCTETS',
    'OTHER',
    'OPTIONS',
    'PORT',
    'TEXT',
    'VERB',
    'WORD',
    'CHECKPOINT',
  ],
])

test('no table has two rows of one word', () => {
  for (const [title, table] of tables) {
    const found = table.map(({ word }) => word.toLowerCase())
    assert.equal(new Set(found).size, found.length, title)
  }
})

test('every row is in plain words: lower case, no full stop, no bare dash for a meaning', () => {
  for (const { word, means, remedy } of rows) {
    assert.match(means, /^.{3,}[^.]$/, word)
    assert.doesNotMatch(`${means[0]}`, /[A-Z]/, word)
    if (remedy !== null) assert.doesNotMatch(remedy, /\.$|^[A-Z][a-z]/, word)
  }
})

test('every table is sorted', () => {
  for (const [title, table] of tables) {
    const found = table.map(({ word }) => word)
    assert.deepEqual(found, found.toSorted(byLetters), title)
  }
})

for (const refusal of refusals) {
  test(`the refusal ${refusal} has a row that says what to do`, () => {
    assert.ok(rowOf('Refusals', refusal)?.remedy)
  })
}

test('every fault has a row with the remedy that is told', () => {
  for (const [fault, remedy] of Object.entries(faults)) {
    assert.equal(words.get(fault)?.remedy, remedy, fault)
  }
})

test('every refusal of a device has a row with the remedy that is told', () => {
  for (const [refusal, remedy] of Object.entries(deviceRefusals)) {
    if ((refusals as readonly string[]).includes(refusal)) continue
    assert.equal(words.get(refusal)?.remedy, remedy, refusal)
  }
})

test('every event has a row with the words of the log', () => {
  for (const [type, told] of Object.entries(eventTypes)) {
    assert.equal(rowOf('Events', type)?.means, told, type)
  }
})

test('every noun of the command line has a row', () => {
  for (const noun of nouns) assert.ok(words.has(noun), noun)
})

test('every word that stands in a field of an input or an answer has a row', () => {
  const choices = operationNames.flatMap((name) => {
    const { input, output } = operationOf(name)
    return [...choicesIn(input), ...choicesIn(output)]
  })
  assert.ok(choices.length > 50)
  for (const choice of [...choices, ...actorKinds, ...Object.keys(keyAlgorithms)]) {
    assert.ok(words.has(choice.toLowerCase()), choice)
  }
})

for (const [place, texts] of textsOfPeople()) {
  test(`every term, acronym and quoted word has a row: ${place}`, () => {
    assert.ok(texts.length > 0)
    const missing = texts.flatMap((text) => wordsWithoutRow(text).map((word) => `${word}: ${text}`))
    assert.deepEqual(missing, [])
  })
}

test('the watch sees a term, an acronym and a quoted word that have no row', () => {
  assert.deepEqual(wordsWithoutRow('the nonce of a TSA, see `frobnicate`'), [
    'frobnicate',
    'TSA',
    'nonce',
  ])
  assert.deepEqual(wordsWithoutRow('two nonces, and a trust anchor'), ['nonce', 'trust anchor'])
})

function rowOf(title: string, word: string) {
  return tables.get(title)?.find((row) => row.word === word)
}

/** All that a person can read, by where it stands. */
function textsOfPeople(): readonly (readonly [string, readonly string[]])[] {
  const plain = { paint: (_: string, text: string) => text, columns: 100 }
  return [
    ['operations', operationNames.flatMap(textsOfOperation)],
    ['options', commonArguments.map(({ help }) => help)],
    ['overview', [...overview(plain), ...optionsHelp(plain)]],
    ...wholeCommands.map((command) => {
      // An example holds serials and names, which are nobody's words.
      const lines = commandHelp({ ...command, examples: [] }, plain)
      return [`help ${command.name}`, [lines.join(' ')]] as const
    }),
    ['start', readStrings('src/house/{configuration,serve,doctor,unlock}.ts')],
    [
      'refusals of people',
      refusalsIn('src/{core/{people,devices,policy,revocation},edge/admin}/**/*.ts'),
    ],
    [
      'command line',
      readStrings('src/cli/{run,stop,files}.ts', 'src/cli/{verbs,talk,terminal}/*.ts'),
    ],
    ['page', [...readStrings('src/console/page/*.js'), ...readPages('src/console/page/*.html')]],
    ['words', rows.flatMap(({ means, remedy }) => [means, remedy ?? ''])],
  ]
}

function textsOfOperation(name: (typeof operationNames)[number]): readonly string[] {
  const row = operationOf(name)
  return [row.summary, row.help, ...[...fieldsOf(row).values()].map(({ help }) => help)]
}

function wordsWithoutRow(text: string): readonly string[] {
  const read = noWords.reduce((rest, pattern) => rest.replace(pattern, ' '), text)
  const quoted = [...read.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '')
  const capitals = [...read.matchAll(acronym)].map(([word]) => word)
  const used = terms.filter((term) => new RegExp(`\\b${term}(?:s|es)?\\b`, 'i').test(read))
  return [...quoted, ...capitals.filter((word) => !isPlaceholder(word)), ...used].filter(
    (word) => !words.has(word.toLowerCase()) && !words.has(word.toLowerCase().replace(/s$/, '')),
  )
}

/** Also `https://HOST:PORT` in parts, the words of an environment in capitals, and a serial of a test. */
function isPlaceholder(word: string): boolean {
  return placeholders.has(word) || /^[A-Z]+-\d+$/.test(word)
}

/** The enumerations of a schema, at any depth. */
function choicesIn(schema: z.ZodType): readonly string[] {
  const def = schema.def as {
    readonly type: string
    readonly entries?: Readonly<Record<string, string>>
    readonly shape?: Readonly<Record<string, z.ZodType>>
    readonly element?: z.ZodType
    readonly innerType?: z.ZodType
  }
  if (def.type === 'enum') return Object.values(def.entries ?? {})
  const inner = [...Object.values(def.shape ?? {}), def.element, def.innerType]
  return inner.flatMap((one) => (one === undefined ? [] : choicesIn(one)))
}

/** String literals that are prose: several words, without their holes. */
function readStrings(...patterns: readonly string[]): readonly string[] {
  return filesOf(...patterns).flatMap((file) =>
    [
      ...readFileSync(file, 'utf8')
        .replace(/^import .*$/gm, '')
        .replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
        .matchAll(/'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`/g),
    ]
      .map((match) => withoutHoles(match[1] ?? match[2] ?? match[3] ?? ''))
      .filter((text) => /[a-z]{2,} [a-z(]/i.test(text)),
  )
}

/** The details of refusals. */
function refusalsIn(pattern: string): readonly string[] {
  return filesOf(pattern).flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/refuse\(\s*'[a-z-]+',\s*(['"`])([\s\S]*?)\1/g)].map(
      (match) => withoutHoles(match[2] ?? ''),
    ),
  )
}

/** What a page shows: text between tags, and what attributes say to people. */
function readPages(pattern: string): readonly string[] {
  return filesOf(pattern).flatMap((file) => {
    const html = readFileSync(file, 'utf8').replace(
      /<!--[\s\S]*?-->|<(script|style)[\s\S]*?<\/\1>/g,
      '',
    )
    const attributes = [...html.matchAll(/(?:alt|title|placeholder|aria-label)="([^"]+)"/g)]
    return [...html.split(/<[^>]+>/), ...attributes.map((match) => match[1] ?? '')].filter(
      (text) => text.trim() !== '',
    )
  })
}

function filesOf(...patterns: readonly string[]): readonly string[] {
  return globSync([...patterns]).filter((file) => !/\.test\.ts$|-testing\.ts$/.test(file))
}

function withoutHoles(text: string): string {
  return text.replace(/\$\{[^}]*\}/g, ' ')
}

function byLetters(one: string, other: string): number {
  return one.toLowerCase() < other.toLowerCase() ? -1 : 1
}
