// SPDX-License-Identifier: Apache-2.0
/** What the first page's files must keep, browser or not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pageFiles } from '#house/page-files.ts'
import { readWords } from '#house/words.ts'
import { weaknesses } from '#trust/weak-keys/weaknesses.ts'

const files = new Map(
  [...pageFiles()].map(([path, { content }]) => [path, Buffer.from(content).toString()]),
)

test('what the page loads at first takes less than 40 kB', () => {
  const first = new Set(['/', '/page.css', '/mark.svg'])
  loadedWith('/page.js', first)
  const sum = [...first].reduce(
    (total, path) => total + Buffer.byteLength(files.get(path) ?? ''),
    0,
  )
  assert.ok(sum > 10_000 && sum < 40_000, `${sum} bytes`)
  for (const seldom of [
    '/alarms.js',
    '/decide.js',
    '/release.js',
    '/signing-key.js',
    '/finding.js',
  ]) {
    assert.ok(!first.has(seldom), 'what is seldom asked for is loaded when it is')
    assert.ok(files.has(seldom), seldom)
  }
})

test('every link within the page leads to a view, and every view that is loaded later is there', () => {
  const page = files.get('/page.js') ?? ''
  const views = new Set(
    [...(/^const views = \{$(.*?)^\}$/ms.exec(page)?.[1] ?? '').matchAll(/^ {2}'?([\w-]+)/gm)].map(
      ([, name]) => name,
    ),
  )
  for (const [path, text] of files)
    for (const [, noun] of text.matchAll(/['"`]#\/([\w-]+)/g))
      assert.ok(views.has(noun), `#/${noun} of ${path}`)
  const later = [...page.matchAll(/later\('(\w+)', '\.(\/[\w-]+\.js)'\)/g)]
  assert.ok(later.length > 0)
  for (const [, name, path = ''] of later)
    assert.match(files.get(path) ?? '', new RegExp(`^export async function ${name}\\(`, 'm'), path)
})

/** Adds a script and whatever it imports without being asked. */
function loadedWith(path: string, into: Set<string>): void {
  if (into.has(path)) return
  into.add(path)
  const text = files.get(path) ?? assert.fail(`${path} is not among the files`)
  for (const [, name] of text.matchAll(/^(?:import|export) .*?from '\.(\/[\w-]+\.js)'$/gms))
    loadedWith(name ?? '', into)
}

test('what people are told to type begins as it is typed, and anything else as a sentence does', async () => {
  const { sentence } = await import(new URL('../src/console/page/words.js', import.meta.url).href)
  for (const { remedy } of readWords().values())
    if (remedy?.startsWith('vitalsign')) assert.match(sentence(remedy), /^vitalsign/)
  assert.equal(sentence('vitalsign finding show'), 'vitalsign finding show.')
  assert.equal(sentence('the link is wrong'), 'The link is wrong.')
})

test('findings are chosen by every kind that there is, and exceptions by rules that have words', () => {
  const listed = (path: string, name: string) => {
    const list = new RegExp(`^const ${name} = \\[$(.*?)^\\]$`, 'ms').exec(files.get(path) ?? '')
    return [...(list?.[1] ?? '').matchAll(/'([\w.-]+)'/g)].map(([, word = '']) => word)
  }
  const kinds = listed('/key-watch.js', 'kindsOfFinding')
  assert.deepEqual(kinds.toSorted(), Object.keys(weaknesses).toSorted())
  const rules = listed('/exceptions.js', 'rules')
  assert.ok(rules.length > 5)
  for (const rule of rules) assert.ok(readWords().has(rule), rule)
})

test('nothing in the page makes markup of text, stands inline, or comes from elsewhere', () => {
  for (const [path, text] of files) {
    assert.doesNotMatch(text, /innerHTML|outerHTML|insertAdjacent|document\.write|eval\(/, path)
    assert.doesNotMatch(text, /<script>|<style|style=|\son\w+=["']/, path)
    assert.doesNotMatch(text, /["'(](https?:)?\/\/(?!www\.w3\.org\/2000\/svg)/, path)
  }
})

test('the lines to paste bring no secret into an argument, and check every certificate', () => {
  for (const [path, text] of files) assert.doesNotMatch(text, /curl.*(-k|--insecure|-u )/, path)
})

test('text stands out from what is behind it by 4.5 to 1, in light and in dark', () => {
  const colours = palette(files.get('/page.css') ?? '')
  const pairs = [
    ...['paper', 'card', 'good', 'warn', 'bad'].map((behind) => ['ink', behind]),
    ...['paper', 'card', 'good', 'warn', 'bad'].map((behind) => ['main', behind]),
    ...['paper', 'card'].map((behind) => ['soft', behind]),
    ...['paper', 'card'].map((behind) => ['alarm', behind]),
    ['on-main', 'main'],
  ] as const
  for (const [front = '', behind = ''] of pairs) {
    for (const scheme of [0, 1] as const) {
      const ratio = contrast(colours.get(front)![scheme], colours.get(behind)![scheme])
      assert.ok(ratio >= 4.5, `${front} on ${behind}: ${ratio.toFixed(2)}`)
    }
  }
  for (const scheme of [0, 1] as const) {
    const ratio = contrast(colours.get('edge')![scheme], colours.get('card')![scheme])
    assert.ok(ratio >= 3, `the edge of a field: ${ratio.toFixed(2)}`)
  }
})

/** The custom properties that are colours, light and dark. */
function palette(css: string): ReadonlyMap<string, readonly [string, string]> {
  const found = css.matchAll(/--([a-z-]+): light-dark\((#[0-9a-f]+), (#[0-9a-f]+)\)/g)
  return new Map([...found].map(([, name = '', light = '', dark = '']) => [name, [light, dark]]))
}

/** WCAG 2.2, "contrast ratio". */
function contrast(one: string, other: string): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (lighter + 0.05) / (darker + 0.05)
}

function luminance(colour: string): number {
  const digits = colour.slice(1)
  const hex = digits.length === 3 ? [...digits].map((digit) => digit + digit).join('') : digits
  const [red = 0, green = 0, blue = 0] = [...Uint8Array.fromHex(hex)].map((byte) => {
    const part = byte / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
