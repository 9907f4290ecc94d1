// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { importBlocklist } from '#edge/key-lists/import-blocklist.ts'
import { openKeyListDirectory } from '#edge/key-lists/key-list-directory.ts'
import { openKeyListFile } from '#edge/key-lists/open-key-list-file.ts'
import { writeKeyList } from '#edge/key-lists/write-key-list.ts'
import { FormatError } from '#format/format-error.ts'
import { parseBadkeysIndex } from '#format/key-list/badkeys-index.ts'
import type { KeyListHead } from '#format/key-list/key-list-head.ts'
import { makeScalarList, scalarListName } from '#trust/weak-keys/scalars/scalar-list.ts'
import { openFile, readFile } from '../files.ts'
import { jsonText } from '../show/json.ts'
import { printable } from '../show/value.ts'
import { exit, Stop, wrongUse } from '../stop.ts'
import { Progress } from '../terminal/progress.ts'
import { type Call, isJson, type Verb, writeLines } from './verb.ts'

/** Where the lists of `--data` lie; it has to be an installation, or nobody would ever ask what was put there. */
function placeOf(call: Call, isNeeded: boolean): string {
  const data = resolve(call.said.text('data') ?? './data')
  if (isNeeded && !existsSync(data))
    throw wrongUse(`no installation is in ${data}`, '--data names the directory of a server')
  return join(data, 'weak-keys')
}

/** Takes in a list of keys: one of ours, or the blocklist of badkeys with its index beside it. */
export const importKeyList: Verb = async (call) => {
  const place = placeOf(call, true)
  const file = call.said.text('file') ?? ''
  const progress = new Progress(process.stderr, 'going through the list')
  try {
    const head = isOwn(readFirst(file))
      ? await takeOver(file, place)
      : await fromBadkeys(call, place)
    await tell(call, [head])
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    throw new Stop(exit.refused, `${printable(file)} was not taken: ${error.message}`, {
      code: error.code,
      hint: isPacked(readFirst(file))
        ? 'it is packed: unpack it with "xz -d" first; what was there before stays'
        : 'fetch it again; what was there before stays',
    })
  } finally {
    progress.end()
  }
  if (!isJson(call))
    call.terminal.hint(
      'a running server asks it within a minute; each node needs it in its own directory',
    )
  return exit.done
}

const ownBeginning = 'vitalsign key list '

function isOwn(first: Uint8Array): boolean {
  return new TextDecoder().decode(first).startsWith(ownBeginning)
}

/** The .xz File Format 1.1.0, section 2.1.1.1: its magic. */
const packedBeginning = 'fd377a585a00'

function isPacked(first: Uint8Array): boolean {
  return first.toHex().startsWith(packedBeginning)
}

function readFirst(file: string): Uint8Array {
  return readFile(file, 'FILE').subarray(0, ownBeginning.length)
}

async function takeOver(file: string, place: string): Promise<KeyListHead> {
  const { list, close } = await openKeyListFile(file)
  close()
  const { chunks } = openFile(file, 'FILE')
  await writeKeyList(place, list.head.name, chunks)
  return list.head
}

async function fromBadkeys(call: Call, place: string): Promise<KeyListHead> {
  const file = call.said.text('file') ?? ''
  const named = call.said.text('index')
  const beside = join(dirname(resolve(file)), 'badkeysdata.json')
  const index = named ?? (existsSync(beside) ? beside : undefined)
  if (index === undefined)
    throw wrongUse(
      `${file} is no list of ours, and no badkeysdata.json says what it is`,
      'name the index that came with a blocklist of badkeys: --index badkeysdata.json',
    )
  const { head } = await importBlocklist(file, parseBadkeysIndex(readFile(index, '--index')), place)
  return head
}

/** Makes the list of small and simple private keys, as a server does by itself some minutes after its start. */
export const makeKeyList: Verb = async (call) => {
  const place = placeOf(call, true)
  if (!isJson(call)) call.terminal.hint('this takes some twenty seconds')
  const { head, entries } = makeScalarList()
  await writeKeyList(place, scalarListName, [head, entries])
  const opened = await openKeyListDirectory(place)
  opened.close()
  const made = opened.lists.lists.find(({ head: { name } }) => name === scalarListName)
  await tell(call, made === undefined ? [] : [made.head])
  return exit.done
}

/** Says which lists lie in `--data`, and which of them are not asked because they are broken. */
export const listKeyLists: Verb = async (call) => {
  const place = placeOf(call, false)
  const opened = await openKeyListDirectory(place)
  opened.close()
  const heads = opened.lists.lists.map(({ head }) => head)
  await tell(call, heads, opened.faults)
  if (heads.length === 0 && !isJson(call))
    call.terminal.hint(`${place} has no list; "vitalsign weak-keys make" makes the first`)
  return opened.faults.length === 0 ? exit.done : exit.refused
}

async function tell(
  call: Call,
  heads: readonly KeyListHead[],
  faults: readonly { readonly file: string; readonly because: string }[] = [],
): Promise<void> {
  if (isJson(call)) {
    const lists = heads.map(({ name, from, finds, count, sha256, parts }) => ({
      ...{
        name,
        from,
        finds,
        entries: count,
        sha256: sha256.toHex(),
        parts: Object.fromEntries(parts),
      },
    }))
    await call.terminal.write(jsonText({ lists, faults }))
    return
  }
  const { paint } = call.terminal
  await writeLines(call, [
    ...heads.flatMap(({ name, from, finds, count, sha256 }) => [
      `${paint('green', '✓')} ${name}: ${count.toLocaleString('en')} entries of ${finds}, ${printable(from)}`,
      `  SHA-256 ${sha256.toHex()}`,
    ]),
    ...faults.map(
      ({ file, because }) => `${paint('red', '✗')} ${file} is not asked: ${printable(because)}`,
    ),
  ])
}
