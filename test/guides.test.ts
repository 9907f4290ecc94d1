// SPDX-License-Identifier: Apache-2.0
/** What people read of this project, held against the program: every command can be said, every link leads somewhere. */
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { test } from 'node:test'
import { commandNamed, whole } from '#cli/commands/commands.ts'
import { readLine } from '#cli/commands/read-line.ts'
import { readConfiguration } from '#house/configuration.ts'

const guides = globSync('docs/guides/*.md').sort()
const pages = ['README.md', 'ARCHITECTURE.md', 'SECURITY.md', 'CONTRIBUTING.md', 'CHANGELOG.md']

for (const guide of guides) {
  test(`every command of ${guide} can be said`, async () => {
    for (const line of commandsOf(readFileSync(guide, 'utf8'))) await demandSayable(line)
  })

  test(`${guide} begins with what its reader wants`, () => {
    const [title = '', , first = ''] = readFileSync(guide, 'utf8').split('\n')
    assert.match(title, /^# \S/)
    assert.match(first, /^\S/)
  })
}

for (const page of [...pages, ...globSync('docs/**/*.md').sort()]) {
  test(`every command within a sentence of ${page} is there`, () => {
    const text = readFileSync(page, 'utf8').replaceAll(/^```[\s\S]*?^```$/gm, '')
    for (const [, words = ''] of text.matchAll(/[`"](?:bin\/)?vitalsign ([a-z][^`"]*)[`"]/g)) {
      const [noun = '', verb = ''] = words.split(/\s+/)
      const isKnown = commandNamed(`${noun} ${verb}`) ?? commandNamed(noun)
      assert.ok(isKnown || noun === 'help' || verb === '--help', `vitalsign ${words}`)
    }
  })

  test(`every link of ${page} leads somewhere`, () => {
    for (const [, path = '', anchor] of linksOf(readFileSync(page, 'utf8'))) {
      const file = path === '' ? page : join(dirname(page), path)
      assert.ok(existsSync(file), `${path} of ${page}`)
      if (anchor !== undefined && file.endsWith('.md')) {
        assert.ok(anchorsOf(file).includes(anchor), `${path}#${anchor} of ${page}`)
      }
    }
  })
}

test('the README leads to every guide', () => {
  const readme = readFileSync('README.md', 'utf8')
  for (const guide of guides) assert.ok(readme.includes(`(docs/guides/${basename(guide)})`), guide)
})

/** Commands in code, comments and what a shell does with them away, continued lines joined. */
function commandsOf(text: string): readonly string[] {
  const blocks = [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
  const ours = /^(?:(?:\S*\/)?vitalsign|(npm start)(?: --)?)(?: (.*?))?(?:\s+[#><|].*)?$/gm
  const lines = blocks.filter(([, language = '']) => ['', 'sh', 'ini'].includes(language))
  return lines.flatMap(([, , block = '']) =>
    [...block.replaceAll(/\\\n\s*/g, '').matchAll(ours)].map(([, start, line = '']) =>
      start === undefined ? line : `serve ${line}`.trim(),
    ),
  )
}

async function demandSayable(line: string): Promise<void> {
  const words = line.match(/"[^"]*"|\S+/g)?.map((word) => word.replaceAll('"', '')) ?? []
  if (words[0] === 'serve') return void readConfiguration(words.slice(1))
  const command = commandNamed(words.slice(0, 2).join(' ')) ?? commandNamed(words[0] ?? '')
  if (command === undefined) assert.fail(`no command: ${line}`)
  readLine(await whole(command), words.slice(command.name.split(' ').length))
}

function linksOf(text: string): readonly RegExpMatchArray[] {
  return [...text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)]
}

/** Of headings, as GitHub makes them. */
function anchorsOf(file: string): readonly string[] {
  return [...readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}
