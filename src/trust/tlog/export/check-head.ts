// SPDX-License-Identifier: Apache-2.0
import { sameBytes } from '#format/bytes.ts'
import { FormatError } from '#format/format-error.ts'
import { type Checkpoint, parseCheckpoint } from '#format/tlog/checkpoint.ts'
import type { HeadLine } from '#format/tlog/export/line.ts'
import { isKeyName, parseNote } from '#format/tlog/note.ts'
import type { NoteKey } from '#format/tlog/note-key.ts'
import { noteKeyOf, readNoteKey } from '../note.ts'
import { verifyCheckpoint } from '../verify-checkpoint.ts'
import type { Findings } from './findings.ts'

export interface Head {
  /** As stated, also where its signature is wrong; undefined if it cannot be read. */
  readonly checkpoint: Checkpoint | undefined
  /** Signed with the log's key, maybe under another name than that of the log now. */
  readonly earlier: Checkpoint | undefined
  /** The key that was used. */
  readonly key: NoteKey | undefined
  /** The same key under another name, which the log may have had before a restore. */
  readonly givenKey?: NoteKey
}

/**
 * Checks the signatures of the export's checkpoint and of an earlier one.
 *
 * @throws FormatError if a given key or earlier checkpoint is not one
 */
export function readHead(
  line: HeadLine,
  given: { readonly key?: string; readonly since?: string },
  findings: Findings,
): Head {
  const { key, givenKey } = readKey(line, given.key, findings)
  const checkpoint = readCheckpoint(line.checkpoint, key, findings)
  const earlier = given.since === undefined ? undefined : readEarlier(given.since, key, findings)
  return { checkpoint, earlier, key, ...(givenKey && { givenKey }) }
}

function readKey(
  line: HeadLine,
  given: string | undefined,
  findings: Findings,
): Pick<Head, 'key' | 'givenKey'> {
  if (given === undefined) {
    const key = orNothing(() => readNoteKey(line.key), 'key-malformed', 'key', findings)
    if (key !== undefined) findings.note('key-not-given', 'key', line.key)
    return { key }
  }
  const known = readNoteKey(given.trim())
  if (line.key === given.trim()) return { key: known }
  const stated = readStated(line.key)
  if (stated !== undefined && sameBytes(stated.publicKey, known.publicKey))
    return { key: stated, givenKey: known }
  findings.wrong('key-differs', 'key', `the export has ${line.key}, given is ${given.trim()}`)
  return { key: known }
}

function readStated(text: string): NoteKey | undefined {
  try {
    return readNoteKey(text)
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause
    return undefined
  }
}

function readCheckpoint(
  note: string,
  key: NoteKey | undefined,
  findings: Findings,
): Checkpoint | undefined {
  return orNothing(
    () => {
      const { text, signatures } = parseNote(note)
      const verdict = key && verifyCheckpoint(note, key)
      if (verdict?.kind === 'refused') {
        findings.wrong('checkpoint-signature-wrong', 'checkpoint', verdict.detail)
      } else if (signatures.length > 1) {
        // Others are passed over by the specification, but here no byte may be free.
        const detail = `it has ${signatures.length} signatures, the log makes one`
        findings.wrong('checkpoint-signature-wrong', 'checkpoint', detail)
      }
      return parseCheckpoint(text)
    },
    'checkpoint-malformed',
    'checkpoint',
    findings,
  )
}

/** Under the name that it bears itself: whether the log had it, only the events tell. */
function readEarlier(
  note: string,
  key: NoteKey | undefined,
  findings: Findings,
): Checkpoint | undefined {
  if (key === undefined) return undefined
  const { origin } = parseCheckpoint(parseNote(note).text)
  const named = origin === key.name || !isKeyName(origin) ? key : noteKeyOf(origin, key.publicKey)
  const verdict = verifyCheckpoint(note, named)
  if (verdict.kind === 'verified') return verdict.checkpoint
  findings.wrong('earlier-checkpoint-wrong', 'earlier checkpoint', verdict.detail)
  return undefined
}

function orNothing<T>(
  read: () => T,
  code: 'key-malformed' | 'checkpoint-malformed',
  about: string,
  findings: Findings,
): T | undefined {
  try {
    return read()
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause
    findings.wrong(code, about, cause.message)
    return undefined
  }
}
