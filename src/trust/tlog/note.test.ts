// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { FormatError } from '#format/format-error.ts'
import { encodeCheckpoint } from '#format/tlog/checkpoint.ts'
import { parseNote } from '#format/tlog/note.ts'
import { encodeNoteKey } from '#format/tlog/note-key.ts'
import { readTlogVector } from '../../../test/tlog-vectors.ts'
import { emptyTreeHash } from './merkle.ts'
import { noteKeyOf, readNoteKey, signNote, verifyNote } from './note.ts'
import { testLogKey } from './note-testing.ts'
import { verifyCheckpoint } from './verify-checkpoint.ts'

const vector = readTlogVector('signed-note')
const peterKey = vector.slice(0, vector.indexOf('\n'))
const peterNote = vector.slice(vector.indexOf('\n') + 1)
const enochKey = 'EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop'
const enochLine =
  '— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n'

test('the note of the Go implementation verifies, its text unchanged', () => {
  const verdict = verifyNote(peterNote, readNoteKey(peterKey))
  assert.equal(verdict.kind, 'verified')
  assert.equal(
    verdict.kind === 'verified' && verdict.text,
    peterNote.slice(0, peterNote.indexOf('—') - 1),
  )
})

test('each of several keys finds its own signature, and passes over the rest', () => {
  for (const key of [peterKey, enochKey]) {
    assert.equal(verifyNote(peterNote + enochLine, readNoteKey(key)).kind, 'verified')
  }
  const alone = verifyNote(peterNote, readNoteKey(enochKey))
  assert.equal(alone.kind === 'refused' && alone.reason, 'signature-wrong')
})

test('a wrong signature of a known key refuses the whole note, also beside a good one', () => {
  const { name, keyId, signature } = parseNote(peterNote).signatures[0]!
  const wrong = new Uint8Array([0xc7, 0x4f, 0x20, 0xa3, ...signature.with(9, signature[9]! ^ 1)])
  assert.equal(keyId, 0xc74f20a3)
  const note = `${peterNote}— ${name} ${wrong.toBase64()}\n`
  assert.equal(verifyNote(note, readNoteKey(peterKey)).kind, 'refused')
})

test('a signature cut short or drawn out is refused, not a break', () => {
  const { name, signature } = parseNote(peterNote).signatures[0]!
  const text = peterNote.slice(0, peterNote.indexOf('—'))
  for (const bytes of [
    signature.slice(0, 63),
    new Uint8Array([...signature, 0]),
    signature.slice(0, 1),
  ]) {
    const line = new Uint8Array([0xc7, 0x4f, 0x20, 0xa3, ...bytes]).toBase64()
    assert.equal(verifyNote(`${text}— ${name} ${line}\n`, readNoteKey(peterKey)).kind, 'refused')
  }
})

test('a change of any character of text or signature is refused', () => {
  const key = readNoteKey(peterKey)
  for (let at = 0; at < peterNote.length; at++) {
    const other = peterNote[at] === 'A' ? 'B' : 'A'
    const note = peterNote.slice(0, at) + other + peterNote.slice(at + 1)
    assert.ok(!isVerified(note, key), `character ${at}`)
  }
})

test('a key text of which any character was changed, or a part is missing, is no key', () => {
  assert.equal(encodeNoteKey(readNoteKey(peterKey)), peterKey)
  for (let at = 0; at < peterKey.length; at++) {
    const next = String.fromCharCode(peterKey.charCodeAt(at) + 1)
    const wrong = peterKey.slice(0, at) + next + peterKey.slice(at + 1)
    assert.throws(() => readNoteKey(wrong), FormatError, wrong)
    if (at > 0) assert.throws(() => readNoteKey(peterKey.slice(0, at)), FormatError)
  }
  // The Go tests' keys of wrong length and of unknown type, with ids that fit.
  for (const key of [
    'PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==',
    'PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
  ]) {
    assert.throws(() => readNoteKey(key), FormatError)
  }
})

test('a key is made from raw bytes or SPKI alike, and only of Ed25519 and a plain name', () => {
  const { publicKey } = generateKeyPairSync('ed25519')
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const key = noteKeyOf('example.com/log', Uint8Array.from(spki))
  assert.deepEqual(noteKeyOf('example.com/log', key.publicKey), key)
  const other = generateKeyPairSync('x25519').publicKey.export({ type: 'spki', format: 'der' })
  assert.throws(() => noteKeyOf('example.com/log', Uint8Array.from(other)), RangeError)
  for (const name of ['', 'a b', 'a+b', 'a\u2003b']) {
    assert.throws(() => noteKeyOf(name, key.publicKey), RangeError)
  }
})

test('a checkpoint verifies under its own origin only', async () => {
  const log = testLogKey('example.com/log', 1)
  const checkpoint = { origin: 'example.com/log', size: 0, root: emptyTreeHash }
  const note = await signNote(encodeCheckpoint(checkpoint), log.key, log.sign)
  const verdict = verifyCheckpoint(note, log.key)
  assert.deepEqual(verdict, { kind: 'verified', checkpoint })
  const moved = await signNote(encodeCheckpoint({ ...checkpoint, origin: 'x' }), log.key, log.sign)
  const refused = verifyCheckpoint(moved, log.key)
  assert.equal(refused.kind === 'refused' && refused.reason, 'signature-wrong')
})

function isVerified(note: string, key: Parameters<typeof verifyNote>[1]): boolean {
  try {
    return verifyNote(note, key).kind === 'verified'
  } catch (error) {
    assert.ok(error instanceof FormatError)
    return false
  }
}
