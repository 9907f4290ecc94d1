// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newScript, type ScriptWish } from './new-script.ts'
import { readScript } from './read-script.ts'

const wish: ScriptWish = {
  ...{ act: 'found', environment: 'production', maker: 'Acme', publicUrl: 'http://pki.test' },
  ...{ needed: 2, of: 3, requests: ['issuing-1.csr', 'issuing-1-twin.csr'] },
}

// biome-ignore lint/suspicious/noExplicitAny: a test edits what it knows
type Edit = (document: any) => void

function read(edit: Edit = () => {}, act: ScriptWish['act'] = 'found') {
  const document: unknown = JSON.parse(newScript({ ...wish, act }))
  edit(document)
  return readScript(new TextEncoder().encode(JSON.stringify(document, null, 2)))
}

function pathsOf(edit: Edit, act?: ScriptWish['act']): readonly string[] {
  const found = read(edit, act)
  return found.kind === 'faults' ? found.faults.map(({ path }) => path) : []
}

test('a new script has no fault, whichever act it is for', () => {
  for (const act of ['found', 'open'] as const) assert.equal(read(undefined, act).kind, 'script')
})

test('each fault is named with its path', () => {
  const cases: readonly (readonly [path: string, edit: Edit])[] = [
    ['format', (d) => (d.format = 'vitalsign-ceremony-script-2')],
    ['act', (d) => (d.act = 'close')],
    ['title', (d) => (d.title = ' ')],
    ['maker', (d) => (d.maker = 'x'.repeat(51))],
    ['maker', (d) => (d.maker = 'Acme TEST')],
    ['roots/0/commonName', (d) => (d.roots[0].commonName = 'Device Root TRIAL')],
    ['publicUrl', (d) => (d.publicUrl = 'https://pki.test')],
    ['publicUrl', (d) => (d.publicUrl = 'http://pki.test/')],
    ['environment', (d) => delete d.environment],
    ['colour', (d) => (d.colour = 'red')],
    ['shares/needed', (d) => (d.shares.needed = 3)],
    ['shares/needed', (d) => (d.shares.needed = 1)],
    ['shares', (d) => delete d.shares],
    ['people/4/name', (d) => (d.people[4].name = 'custodian 1')],
    ['people', (d) => d.people.pop()],
    ['people', (d) => d.people.splice(1, 1)],
    ['people/0/role', (d) => (d.people[0].role = 'guest')],
    ['roots/0/algorithm', (d) => (d.roots[0].algorithm = 'ml-kem-768')],
    ['roots/0/name', (d) => (d.roots[0].name = '../root')],
    ['roots/1/twinOf', (d) => (d.roots[1].twinOf = 'stem')],
    ['roots/1/algorithm', (d) => (d.roots[1].algorithm = 'p-521')],
    ['roots/0/until', (d) => (d.roots[0].until = 'later')],
    ['issue/0/root', (d) => (d.issue[0].root = 'stem')],
    ['issue/0/request', (d) => (d.issue[0].request = '../key.pem')],
    ['issue/1/request', (d) => (d.issue[1].request = 'issuing-1.csr')],
    ['issue/0/requestSha256', (d) => (d.issue[0].requestSha256 = '00')],
    ['lists', (d) => d.lists.pop()],
    ['lists/0/goodForDays', (d) => (d.lists[0].goodForDays = 4000)],
    [
      'lists/0/revoke/0/reason',
      (d) => (d.lists[0].revoke = [{ serialNumber: '00', reason: 'no' }]),
    ],
    ['steps', (d) => d.steps.reverse()],
    ['steps', (d) => d.steps.splice(2, 1)],
    ['steps/0/confirmedBy', (d) => (d.steps[0].confirmedBy = ['administrator'])],
    ['steps/3/words', (d) => (d.steps[3].words = 'a\u0000b')],
  ]
  for (const [path, edit] of cases)
    assert.ok(pathsOf(edit).includes(path), `${path}: ${pathsOf(edit)}`)
  assert.deepEqual(
    pathsOf((d) => (d.roots[0].until = '2040-01-01T00:00:00Z')),
    [],
  )
  const trial = (d: { environment: string; roots: { until: string }[] }) => {
    d.environment = 'trial'
    if (d.roots[0]) d.roots[0].until = '2040-01-01T00:00:00Z'
  }
  assert.deepEqual(pathsOf(trial), ['roots/0/until'])
})

test('what people read is what the machine reads: nothing twice, nothing spelled otherwise', () => {
  const text = newScript(wish)
  const readText = (changed: string) => readScript(new TextEncoder().encode(changed))
  for (const changed of [
    text.replace('"title"', '"title": "what people read", "title"'),
    text.replace('"Acme"', '"\\u0041cme"'),
    text.replace('"needed": 2', '"needed": 2.0'),
    text.replace('"act"', '"__proto__": {}, "act"'),
    `\ufeff${text}`,
    text.slice(0, -3),
  ]) {
    assert.notEqual(changed, text)
    assert.equal(readText(changed).kind, 'faults')
  }
  assert.equal(readText(text.replaceAll('\n', '\r\n')).kind, 'script')
  assert.equal(readScript(new Uint8Array(200_000).fill(0x20)).kind, 'faults')
})
