// SPDX-License-Identifier: Apache-2.0
/** The house guards its own walls. ARCHITECTURE.md says why each stands where it does. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join, normalize } from 'node:path'
import { test } from 'node:test'

/** Storey -> the storeys that it may import, besides itself. */
const mayImport: Record<string, readonly string[]> = {
  format: [],
  trust: ['format'],
  core: ['format', 'trust'],
  device: ['format', 'trust'],
  edge: ['format', 'trust', 'core'],
  console: ['format'],
  cli: ['format', 'trust', 'core', 'edge'],
  house: ['format', 'trust', 'core', 'edge', 'cli', 'console', 'device'],
}

/** Storey -> the built-in modules that it may touch; absent: any. */
const mayTouch: Record<string, readonly string[]> = {
  format: [],
  trust: ['node:crypto'],
  core: [],
  console: [],
}

/** Rooms of core, lowest first; a room imports lower ranks and itself. */
const coreRank: Record<string, number> = {
  audit: 0,
  ledger: 1,
  people: 2,
  policy: 2,
  vendors: 2,
  enforcement: 2,
  devices: 3,
  authority: 3,
  applications: 4,
  revocation: 4,
  ocsp: 4,
  attestation: 4,
  elements: 4,
  recovery: 5,
  enrolment: 6,
  adoption: 6,
  ceremony: 6,
  scan: 3,
  'time-stamps': 4,
  releases: 4,
  approvals: 5,
  signing: 6,
  rotation: 7,
  verification: 7,
  watch: 7,
  'status-files': 7,
  keywatch: 8,
  evidence: 9,
}

/** Package -> the rooms that may import it. */
const packageRooms: Record<string, readonly string[]> = {
  fastify: ['edge/http', 'edge/admin'],
  '@fastify/rate-limit': ['edge/admin'],
  zod: ['format/admin', 'edge/admin', 'cli'],
  pino: ['house'],
  kysely: ['edge/store'],
  pg: ['edge/store'],
  pkcs11js: ['edge/pkcs11'],
  nodemailer: ['edge/notify'],
  mqtt: ['edge/brokers'],
  'age-encryption': ['edge/backup'],
  'shamir-secret-sharing': ['edge/ceremony'],
  '@clack/prompts': ['cli'],
  '@noble/curves': ['edge/keystore'],
  jose: ['edge/builds'],
}

/** What reads the clock or makes chance, anywhere but in the ports of the house. */
const ambient =
  /\bDate\.now\(|\bnew Date\(\)|\bTemporal\.Now\b|\bMath\.random\(|\brandomBytes\(|\brandomUUID\(|\bgetRandomValues\(|\bperformance\.now\(/
/** Where the present and chance may be read: the ports' own implementations, and the device. */
const ambientRooms = ['edge/clock', 'edge/chance', 'device', 'house']

const sources = globSync('src/**/*.{ts,tsx}').filter((file) => !file.endsWith('.test.ts'))

test('no file holds the marks of a merge that nobody ended', () => {
  const files = globSync('{*.md,docs/**/*.md,src/**/*.ts,test/**/*.ts,clients/**/*.{c,h}}')
  const marked = files.filter((file) => /^(<{7}|>{7}) /m.test(readFileSync(file, 'utf8')))
  assert.deepEqual(marked, [])
})

test('there is a house to look at', () => assert.ok(sources.length > 10))

for (const file of sources) {
  const text = readFileSync(file, 'utf8')
  const [, storey = '', room = ''] = file.split('/')
  test(`${file} looks only where it may look`, () => {
    for (const wanted of importsOf(text)) {
      if (wanted.startsWith('.')) checkNeighbour(file, wanted)
      else if (wanted.startsWith('#')) checkStorey(file, storey, room, wanted)
      else if (isBuiltin(wanted)) checkBuiltin(file, storey, wanted)
      else checkPackage(file, wanted)
    }
  })
  test(`${file} reads no clock and makes no chance of its own`, () => {
    const here = ambientRooms.some((place) => file.startsWith(`src/${place}/`))
    if (!here) assert.doesNotMatch(withoutWords(text), ambient)
  })
}

test('every package of package.json has its rooms in the table', () => {
  const { dependencies, optionalDependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
  const optional = Object.keys(optionalDependencies).filter((name) => !name.startsWith('node-'))
  assert.deepEqual(
    [...Object.keys(dependencies), ...optional].sort(),
    Object.keys(packageRooms).sort(),
  )
})

/** What was proved is a type, and each has one file that makes it. */
const provenTypes = {
  Approved: { class: 'ApprovedTerms', file: 'src/core/policy/approved.ts' },
  CertifiedKey: { class: 'TpmCertifiedKey', file: 'src/trust/tpm/certified-key.ts' },
  ProvedRequest: { class: 'SelfSignedRequest', file: 'src/trust/possession.ts' },
  QuotedRegisters: { class: 'TpmQuotedRegisters', file: 'src/trust/tpm/quote.ts' },
  TrustedStatusFile: {
    class: 'SignedStatusFile',
    file: 'src/trust/compact-status/open-status-file.ts',
  },
  ValidPath: { class: 'ValidatedPath', file: 'src/trust/path.ts' },
}

for (const [name, { class: made, file }] of Object.entries(provenTypes)) {
  test(`only ${file} makes a ${name}`, () => {
    assert.match(readFileSync(file, 'utf8'), new RegExp(`^class ${made} \\{\\n  readonly #`, 'm'))
    const forged = new RegExp(`\\bas (unknown as )?${name}\\b|\\b${made}\\b`)
    for (const other of sources) {
      if (other !== file)
        assert.doesNotMatch(withoutWords(readFileSync(other, 'utf8')), forged, other)
    }
  })
}

test('only policy/decide.ts approves', () => {
  const approving = sources.filter((file) =>
    /import \{[^}]*(?<!type )\bapprove\b[^}]*\}/.test(readFileSync(file, 'utf8')),
  )
  assert.deepEqual(approving, ['src/core/policy/decide.ts'])
})

test('a storey is the folder of its name, as bin/own-modules finds it before anything else of a program', () => {
  const { imports } = JSON.parse(readFileSync('package.json', 'utf8'))
  assert.deepEqual(
    imports,
    Object.fromEntries(Object.keys(mayImport).map((name) => [`#${name}/*`, `./src/${name}/*`])),
  )
  for (const file of globSync('bin/vitalsign*.ts')) {
    const [first, ...others] = importsOf(readFileSync(file, 'utf8'))
    assert.equal(first, './own-modules.ts', file)
    // What stands in an import of its own, and not in import(), is found before the first line runs.
    assert.doesNotMatch(readFileSync(file, 'utf8'), /^import [^(]*#/m, file)
    assert.ok(others.length > 0, file)
  }
})

test('node:http is had from edge/http/node-http, since an import loads a client for the web with it', () => {
  for (const file of globSync('src/**/*.ts', { exclude: ['**/*.test.ts'] }))
    assert.doesNotMatch(
      withoutComments(readFileSync(file, 'utf8')),
      /\bimport (?!type\b)[^'"]*['"]node:http['"]/,
      file,
    )
})

test('nothing in the tree points outside it', () => {
  for (const file of sources)
    assert.doesNotMatch(readFileSync(file, 'utf8'), /\.\.\/shared|\/work\//)
})

function importsOf(text: string): string[] {
  const found = withoutComments(text).matchAll(
    /(?<!\.)\b(?:from\s|import\s|import\()\s*['"]([^'"]+)['"]|new URL\(\s*['"](\.[^'"]+\.ts)['"]|getBuiltinModule\(\s*['"]([^'"]+)['"]/g,
  )
  return [...found].map((match) => match[1] ?? match[2] ?? match[3] ?? '')
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
}

/** Code alone: neither comments nor what stands in quotes. */
function withoutWords(text: string): string {
  return withoutComments(text).replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, "''")
}

/** A relative import stays in its room, or goes down within core. */
function checkNeighbour(file: string, wanted: string) {
  const target = normalize(join(dirname(file), wanted))
  const [, storey, room] = file.split('/')
  const [, otherStorey, otherRoom] = target.split('/')
  assert.equal(otherStorey, storey, `${file} -> ${wanted}: use #${otherStorey}/…`)
  assert.doesNotMatch(wanted, /\.\.\/\.\./, `${file} -> ${wanted}`)
  if (storey === 'core') checkRank(file, room ?? '', otherRoom ?? '')
  if (storey === 'edge') checkEdge(file, room ?? '', otherRoom ?? '')
}

function checkStorey(file: string, storey: string, room: string, wanted: string) {
  const [target = '', otherRoom = ''] = wanted.slice(1).split('/')
  if (target === storey) {
    if (storey === 'core') checkRank(file, room, otherRoom)
    if (storey === 'edge') checkEdge(file, room, otherRoom)
    return
  }
  assert.ok(mayImport[storey]?.includes(target), `${file} -> ${wanted}`)
}

function checkRank(file: string, room: string, other: string) {
  if (room === other || other.endsWith('.ts') || room.endsWith('.ts')) return
  const [mine, theirs] = [coreRank[room], coreRank[other]]
  assert.ok(mine !== undefined && theirs !== undefined, `${file}: a room without a rank`)
  assert.ok(theirs < mine, `${file}: core/${room} may not import core/${other}`)
}

function checkEdge(file: string, room: string, other: string) {
  assert.ok(room === other || other === 'http', `${file}: an edge imports another edge (${other})`)
}

function checkBuiltin(file: string, storey: string, wanted: string) {
  const allowed = mayTouch[storey]
  assert.ok(wanted.startsWith('node:'), `${file} -> ${wanted}: write node:${wanted}`)
  assert.ok(allowed === undefined || allowed.includes(wanted), `${file} -> ${wanted}`)
}

function checkPackage(file: string, wanted: string) {
  const name = wanted.startsWith('@')
    ? wanted.split('/').slice(0, 2).join('/')
    : wanted.split('/')[0]!
  const rooms = packageRooms[name]
  assert.ok(rooms, `${file} -> ${wanted}: a package without rooms in the table`)
  assert.ok(
    rooms.some((room) => file.startsWith(`src/${room}/`)),
    `${file} -> ${wanted}: only ${rooms.join(', ')} may`,
  )
}
