// SPDX-License-Identifier: Apache-2.0
import { concatBytes } from '#format/bytes.ts'
import { FormatError } from '#format/format-error.ts'
import { parseStrictBase64 } from './strict-base64.ts'

export interface NoteSignature {
  /** Who signed, by the name that goes with the key. */
  readonly name: string
  /** Big-endian uint32; with the name it says which key. */
  readonly keyId: number
  readonly signature: Uint8Array
}

/** A text with its signatures; nothing about them is checked here. */
export interface Note {
  /** What is signed: ends in a line feed. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

/** C2SP signed-note asks for 16 at least; golang.org/x/mod/sumdb/note takes 100. */
const maxSignatures = 100
/** As golang.org/x/mod/sumdb/note. */
const maxNoteCharacters = 1_000_000

/** @see C2SP signed-note, Format */
export function encodeNote({ text, signatures }: Note): string {
  const lines = signatures.map(({ name, keyId, signature }) => {
    const id = Uint8Array.of(keyId >>> 24, keyId >>> 16, keyId >>> 8, keyId)
    return `— ${name} ${concatBytes([id, signature]).toBase64()}\n`
  })
  return `${text}\n${lines.join('')}`
}

/**
 * Takes a signed note apart.
 *
 * @throws FormatError `text-malformed`, `base64-malformed`, `too-large`, `too-many`
 * @see C2SP signed-note, Format
 */
export function parseNote(note: string): Note {
  if (note.length > maxNoteCharacters) throw new FormatError('too-large', maxNoteCharacters)
  demandNoteCharacters(note)
  const split = note.lastIndexOf('\n\n') + 1
  if (split === 0) throw new FormatError('text-malformed', 0, 'no empty line before signatures')
  const signatures: NoteSignature[] = []
  let offset = split + 1
  while (offset < note.length) {
    if (signatures.length === maxSignatures) throw new FormatError('too-many', offset)
    const end = note.indexOf('\n', offset)
    if (end === -1) throw new FormatError('truncated', offset)
    signatures.push(parseSignatureLine(note.slice(offset, end), offset))
    offset = end + 1
  }
  if (signatures.length === 0) throw new FormatError('element-missing', offset, 'no signature')
  return { text: note.slice(0, split), signatures }
}

/** Key names hold neither white space nor a plus sign, and are not empty. */
export function isKeyName(name: string): boolean {
  return name !== '' && !/[\p{White_Space}+]/u.test(name)
}

function parseSignatureLine(line: string, offset: number): NoteSignature {
  const [dash, name = '', encoded = '', ...rest] = line.split(' ')
  if (dash !== '—' || !isKeyName(name) || rest.length > 0) {
    throw new FormatError('text-malformed', offset, 'not a signature line')
  }
  const bytes = parseStrictBase64(encoded, offset + line.length - encoded.length)
  if (bytes.length < 5) throw new FormatError('truncated', offset, 'no signature after the key id')
  const keyId = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
  return { name, keyId, signature: bytes.subarray(4) }
}

/** UTF-8 without control characters: so a note shows in a terminal as what it is. */
function demandNoteCharacters(note: string): void {
  if (!note.isWellFormed()) throw new FormatError('string-characters', 0, 'a lone surrogate')
  for (let offset = 0; offset < note.length; offset++) {
    const code = note.charCodeAt(offset)
    if (code < 0x20 && code !== 0x0a) throw new FormatError('string-characters', offset)
  }
}
