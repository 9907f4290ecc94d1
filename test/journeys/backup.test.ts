// SPDX-License-Identifier: Apache-2.0
/** Backups made while serving, and every way in which one is not taken. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, cpSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { after, before, test } from 'node:test'
import { storedOf } from '#core/releases/stored.ts'
import { decrypted, encrypted } from '#edge/backup/age.ts'
import { systemRandomness as random } from '#edge/chance/system-randomness.ts'
import { drillBackup } from '#house/backup-drill.ts'
import { readSealed } from '#house/backup-read.ts'
import { checkArtefacts } from '#house/doctor/artefacts.ts'
import { restore } from '#house/restore.ts'
import { sha256 } from '#trust/digest.ts'
import { askLocally, type KeptBackup, madeBackup, newPlace, restored } from '../support/backup.ts'
import {
  enrolled,
  openTestHouse,
  type TestHouse,
  temporaryDirectory,
  withProduct,
} from '../support/house.ts'
import { postgresPlace, withoutPostgres } from '../support/postgres.ts'
import { stored } from '../support/releases.ts'

const now = () => Temporal.Now.instant()
const clock = { now }
const ports = { clock, random, tell: () => {} }
const nothing = { manifest: () => {}, file: () => {}, rows: () => {} }
const read = (backup: KeptBackup, at = clock) => readSealed(backup, nothing, at, () => {})

let house: TestHouse
let backup: Awaited<ReturnType<typeof madeBackup>>

before(async () => {
  house = await openTestHouse()
  const pump = await withProduct(house)
  await enrolled(house, pump, 'PUMP-1')
  backup = await madeBackup(house)
})
after(async () => {
  await house.stop()
  assert.deepEqual(house.troubles, [])
})

test('a backup is booked with the digest of its file, which its owner alone may read', async () => {
  const digest = createHash('sha256').update(readFileSync(backup.file)).digest('hex')
  assert.equal(backup.last.backup.sha256, digest)
  assert.equal(statSync(backup.file).mode & 0o777, 0o600)
  const listed = JSON.parse((await askLocally(house, 'GET', '/backups')).text)
  assert.equal(listed.items[0].sha256, digest)
  assert.equal(listed.items[0].recipients[0].name, 'Ada')
  const checked = await read(backup)
  assert.equal(checked.sha256, digest)
  assert.equal(checked.rows, backup.last.backup.rows)
})

test('a backup holds no secret in the clear, and neither unlock file nor TLS key', async () => {
  const paths: string[] = []
  const contents: string[] = []
  const reader = {
    ...nothing,
    file: (path: string, bytes: Uint8Array) => {
      paths.push(path)
      contents.push(Buffer.from(bytes).toString('latin1'))
    },
  }
  await readSealed(backup, reader, clock, () => {})
  assert.ok(paths.length >= 2)
  assert.ok(
    paths.every((path) => /^keys\/key_[0-9a-f]{32}\.key$/.test(path)),
    paths.join(),
  )
  const passphrase = readFileSync(join(house.directory, 'unlock'), 'utf8').trim()
  assert.ok(contents.every((text) => !text.includes(passphrase)))
  const { last, ...place } = await madeBackup(house, { withRoot: true })
  assert.equal(last.kind, 'done')
  const withRoot: string[] = []
  await readSealed(place, { ...nothing, file: (path) => void withRoot.push(path) }, clock, () => {})
  assert.equal(withRoot.filter((path) => path.startsWith('root/')).length, 1)
})

test('an order that cannot be carried out is refused before anything is written', async () => {
  const { file, recipient } = await newPlace()
  const wrong: readonly (readonly [object, number, string])[] = [
    [{ file, recipients: [] }, 422, 'input-wrong'],
    [{ file: 'here.backup', recipients: [recipient] }, 422, 'input-wrong'],
    [{ file, recipients: ['Ada age1nothing'] }, 422, 'input-wrong'],
    [{ file: `${file}/no/such`, recipients: [recipient] }, 422, 'input-wrong'],
    [{ file: backup.file, recipients: [recipient] }, 409, 'exists-already'],
  ]
  for (const [order, , reason] of wrong) {
    const answer = await askLocally(house, 'POST', '/backups', order)
    assert.equal(JSON.parse(answer.text).code, reason, answer.text)
  }
  assert.equal(existsSync(file), false)
})

test('a backup of a busy house is of one moment', async () => {
  const pump = await house.core.ledger.find('product', 'name', ['pump'])
  let isDone = false
  const enrolling = (async () => {
    for (let count = 0; !isDone; count++) await enrolled(house, pump!, `BUSY-${count}`)
  })()
  const backups = []
  for (let count = 0; count < 5; count++) backups.push(await madeBackup(house))
  isDone = true
  await enrolling
  for (const one of backups) {
    const { data } = await restored(one, now)
    writeFileSync(join(data, 'unlock'), readFileSync(join(house.directory, 'unlock')), {
      mode: 0o600,
    })
    const again = await openTestHouse(data)
    const verified = JSON.parse((await askLocally(again, 'POST', '/log/verify', {})).text)
    await again.stop()
    assert.equal(verified.good, true, JSON.stringify(verified.findings))
  }
})

test('a backup with any byte changed is refused', async () => {
  const whole = readFileSync(backup.file)
  const seed = 7
  const places = Array.from({ length: 120 }, (_, index) =>
    index < 60 ? index * 6 : (index * 2_654_435_761 * seed) % whole.length,
  )
  for (const place of [...places, whole.length - 1]) {
    const changed = new Uint8Array(whole)
    changed[place]! ^= 1 << (place % 8)
    const what = `seed ${seed}, byte ${place}`
    await assert.rejects(read(await kept(changed)), refused, what)
  }
})

test('a backup that was cut short anywhere is refused', async () => {
  const whole = readFileSync(backup.file)
  for (const length of [0, 10, 21, 100, 250, 65_536, 65_800, whole.length - 17, whole.length - 1]) {
    await assert.rejects(read(await kept(whole.subarray(0, length))), refused, `${length} bytes`)
  }
  await assert.rejects(read(await kept(whole.subarray(0, whole.length - 1))), {
    code: 'backup-damaged',
  })
})

test('a backup opens for its recipients alone', async () => {
  const other = await newPlace()
  const locked = { code: 'backup-locked' }
  await assert.rejects(read({ ...backup, identityFile: other.identityFile }), locked)
  for (const text of ['', '# only a comment\n', 'AGE-SECRET-KEY-1WRONG\n']) {
    writeFileSync(other.identityFile, text)
    await assert.rejects(read({ ...backup, identityFile: other.identityFile }), locked)
  }
  await assert.rejects(read({ ...backup, identityFile: join(other.file, 'none') }), locked)
})

test('what is no backup, or one of another format, is refused as such', async () => {
  const unknown = { code: 'backup-format-unknown' }
  await assert.rejects(
    read(await kept(new TextEncoder().encode('a letter to grandmother'))),
    unknown,
  )
  await assert.rejects(
    read(await rewritten((text) => text.replace('backup/1', 'backup/2'))),
    unknown,
  )
})

test('a backup from the future is refused: of a newer program, or ahead of the clock', async () => {
  const newer = await rewritten((text) => text.replace(/"schema":\d+/, '"schema":99'))
  await assert.rejects(read(newer), { code: 'schema-newer' })
  const earlier = { now: () => now().subtract({ hours: 1 }) }
  await assert.rejects(read(backup, earlier), { code: 'clock-wrong' })
  const data = join(temporaryDirectory(), 'data')
  await assert.rejects(restore({ ...newer, data, database: undefined }, ports), {
    code: 'schema-newer',
  })
})

test('whoever can encrypt to a recipient cannot make a backup say something else', async () => {
  const changes: Readonly<Record<string, (text: string) => string>> = {
    'a row left out': (text) => text.replace(/^\["~.*\n/m, ''),
    'a row of another table': (text) => text.replace('{"table":"product"}', '{"table":"party"}'),
    'an event changed, with its digests made to fit': (text) =>
      withDigests(
        text.replace(/(\n\[1,"~)(.)/, (_, head, letter) => `${head}${letter === 'A' ? 'B' : 'A'}`),
      ),
    'a root made to fit nothing': (text) =>
      withDigests(text.replace(/"root":"[0-9a-f]{64}"/, `"root":"${'00'.repeat(32)}"`)),
    'a checkpoint of somebody else': (text) =>
      withDigests(text.replace(/"checkpoint":"[^"]*"/, '"checkpoint":"no note"')),
    'a file outside': (text) => withDigests(text.replace(/"file":"[^"]*"/, '"file":"../unlock"')),
    'a column that is none': (text) =>
      withDigests(text.replace('"columns":["id"', '"columns":["x"')),
    'a table that is none': (text) =>
      withDigests(text.replace('{"name":"party"', '{"name":"sqlite_schema"')),
    'no manifest': (text) => text.slice(text.indexOf('\n') + 1),
    'no end': (text) => text.slice(0, text.lastIndexOf('\n{"end"') + 1),
    'more after the end': (text) => `${text}{"table":"party"}\n`,
    'a line that is cut': (text) => text.slice(0, -10),
    'a row that is none': (text) => withDigests(text.replace(/^\["~.*$/m, '[{}]')),
    'bytes that are no text': (text) => withDigests(text.replace('"~', '"?')),
  }
  for (const [what, change] of Object.entries(changes)) {
    await assert.rejects(read(await rewritten(change)), { code: 'backup-damaged' }, what)
  }
})

test('a restore fills an empty place only, and a second one begins the third epoch', async () => {
  await assert.rejects(restored(backup, now, house.directory), { code: 'store-not-empty' })
  const { data, begun } = await restored(backup, now)
  assert.equal(begun.epoch, 2)
  writeFileSync(join(data, 'unlock'), readFileSync(join(house.directory, 'unlock')), {
    mode: 0o600,
  })
  const again = await openTestHouse(data)
  const second = await madeBackup(again)
  await again.stop()
  const third = await restored(second, now)
  assert.equal(third.begun.epoch, 3)
  assert.match(third.begun.newOrigin, /^vitalsign\/[0-9a-f]{16}\/epoch-3\/\d{8}T\d{6}\.\d{3}Z$/)
})

test('a restore that was killed leaves a directory that nobody serves from', async () => {
  const data = join(temporaryDirectory(), 'data')
  const order = JSON.stringify({ ...backup, data })
  const child = join(import.meta.dirname, 'support', 'killed-child.ts')
  const words = [child, 'restore', order, JSON.stringify({ rows: 30 })]
  const { signal, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' })
  assert.equal(signal, 'SIGKILL', stderr)
  await assert.rejects(openTestHouse(data), { code: 'restore-unfinished' })
  await assert.rejects(restored(backup, now, data), { code: 'restore-unfinished' })
})

test('a restore fills an empty database on PostgreSQL', { skip: withoutPostgres }, async () => {
  const place = await postgresPlace()
  try {
    const data = join(temporaryDirectory(), 'data')
    await restore({ ...backup, data, database: place.settings }, ports)
    writeFileSync(join(data, 'unlock'), readFileSync(join(house.directory, 'unlock')), {
      mode: 0o600,
    })
    const again = await openTestHouse(data, {}, ['--database', place.url])
    try {
      const pump = await again.core.ledger.find('product', 'name', ['pump'])
      await enrolled(again, pump!, 'PUMP-2')
      const verified = JSON.parse((await askLocally(again, 'POST', '/log/verify', {})).text)
      assert.equal(verified.good, true, JSON.stringify(verified.findings))
      // And a backup of PostgreSQL goes back to SQLite, keys and all.
      const back = await madeBackup(again)
      const { begun } = await restored(back, now)
      assert.equal(begun.epoch, 3)
    } finally {
      await again.stop()
    }
    const other = join(temporaryDirectory(), 'data')
    await assert.rejects(restore({ ...backup, data: other, database: place.settings }, ports), {
      code: 'store-not-empty',
    })
  } finally {
    await place.remove()
  }
})

test('octets of artefacts are no part of a backup, which says so, and come back as files beside it', async () => {
  const { core } = house
  const kept = await stored(core, 'firmware of a pump')
  const gone = (await storedOf(await stored(core, 'firmware of nobody'), core.ledger))!
  const record = { ...gone, version: gone.version + 1, state: 'gone' } as const
  await core.ledger.commit({ puts: [{ kind: 'stored', record }], events: [] })
  const made = await madeBackup(house)
  assert.equal(made.last.artefacts, 1, 'what was let go of is missed by nobody')
  const drilled = await drillBackup({ ...made, passphraseFile: undefined }, ports)
  assert.match(drilled.steps[0]?.found ?? '', /the octets of 1 artefacts are files beside it/)
  const { data, artefacts } = await restored(made, now)
  assert.equal(artefacts, 1)
  copyFileSync(join(house.directory, 'unlock'), join(data, 'unlock'))
  const again = await openTestHouse(data)
  try {
    const without = await checkArtefacts(again.core)
    assert.deepEqual([without.verdict, /of 1 of 1 artefacts/.test(without.found)], ['bad', true])
    const beside = ['uploads', 'removed']
    cpSync(join(house.directory, 'artefacts'), join(data, 'artefacts'), {
      recursive: true,
      filter: (path) => !beside.includes(basename(path)),
    })
    assert.equal((await checkArtefacts(again.core)).verdict, 'good')
    const back = await again.core.artefacts.open(kept)
    const octets = (await back?.source.read(0, back.octets))?.slice()
    await back?.close()
    assert.deepEqual(octets && sha256(octets), kept)
  } finally {
    await again.stop()
  }
})

test('a drill says what it tried, and leaves nothing behind', async () => {
  const passphraseFile = join(house.directory, 'unlock')
  const { last: _, ...withRoot } = await madeBackup(house, { withRoot: true })
  const drilled = await drillBackup({ ...withRoot, passphraseFile }, ports)
  assert.ok(drilled.good, JSON.stringify(drilled.steps))
  assert.deepEqual(
    drilled.steps.map(({ step }) => step.split(' ')[0]),
    ['restored', 'keys', 'log', 'authority', 'authority'],
  )
  const wrong = join(temporaryDirectory(), 'wrong')
  writeFileSync(wrong, 'another passphrase altogether\n', { mode: 0o600 })
  const failed = await drillBackup({ ...withRoot, passphraseFile: wrong }, ports)
  assert.equal(failed.good, false)
  assert.match(failed.steps.at(-1)?.found ?? '', /key-locked/)
})

test('without room neither backup nor restore pretends', (t) => {
  const directory = temporaryDirectory()
  const apart = ['--user', '--map-root-user', '--mount', 'sh', '-c']
  const tried = spawnSync('unshare', [...apart, 'mount -t tmpfs small "$0"', directory])
  if (tried.status !== 0) return t.skip('unshare: no small disk can be mounted here')
  const mounting = 'mount -t tmpfs -o size=8m small "$0" && exec "$1" "$2" "$0"'
  const program = join(import.meta.dirname, 'support/backup-on-small-disk.ts')
  const words = [...apart, mounting, directory, process.execPath, program]
  const ended = spawnSync('unshare', words, { encoding: 'utf8', timeout: 60_000 })
  assert.equal(ended.stdout, 'neither fits, both are told\n', ended.stderr)
})

/** Damaged, or no longer an age file. */
function refused(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return ['backup-damaged', 'backup-format-unknown', 'backup-locked'].includes(code)
}

/** The bytes as a backup of the same recipient. */
async function kept(bytes: Uint8Array): Promise<KeptBackup> {
  const file = join(temporaryDirectory(), 'changed.backup')
  writeFileSync(file, bytes)
  return { ...backup, file }
}

/** The same backup with other lines, encrypted anew: what anybody can do who knows the recipient. */
async function rewritten(change: (text: string) => string): Promise<KeptBackup> {
  const identities = readFileSync(backup.identityFile, 'utf8')
  const sealed = (async function* () {
    yield new Uint8Array(readFileSync(backup.file))
  })()
  const parts: Uint8Array[] = []
  for await (const part of decrypted(sealed, identities)) parts.push(part)
  const text = Buffer.concat(parts).toString('utf8')
  const changed = change(text)
  assert.notEqual(changed, text)
  const plain = (async function* () {
    yield new TextEncoder().encode(changed)
  })()
  const out: Uint8Array[] = []
  for await (const part of encrypted(plain, [backup.recipient])) out.push(part)
  return kept(new Uint8Array(Buffer.concat(out)))
}

/** With counts and digests that fit the lines. */
function withDigests(text: string): string {
  const lines = text.trimEnd().split('\n')
  const end = JSON.parse(lines.pop() ?? '').end
  let table = ''
  const digests = new Map<string, ReturnType<typeof createHash>>()
  const whole = createHash('sha256')
  for (const line of lines) {
    whole.update(`${line}\n`)
    if (line.startsWith('{"table"')) {
      table = JSON.parse(line).table
      digests.set(table, createHash('sha256'))
    } else if (line.startsWith('[')) digests.get(table)?.update(`${line}\n`)
  }
  end.sha256 = whole.digest('hex')
  for (const [name, digest] of digests) end.digests[name] = digest.digest('hex')
  return `${[...lines, JSON.stringify({ end })].join('\n')}\n`
}
