// SPDX-License-Identifier: Apache-2.0
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { FormatError } from '#format/format-error.ts'
import { SortedKeyLists } from '#trust/weak-keys/lists/sorted-key-lists.ts'
import { type OpenKeyList, openKeyListFile } from './open-key-list-file.ts'

/** What the files of lists are called. */
export const keyListSuffix = '.list'

/** A file that is not asked, and why. */
export interface KeyListFault {
  readonly file: string
  readonly because: string
}

export interface OpenDirectory {
  readonly lists: SortedKeyLists
  readonly faults: readonly KeyListFault[]
  close(): void
}

/** The lists of a directory, each gone through; one that is broken is named and keeps no other from being asked. */
export async function openKeyListDirectory(directory: string): Promise<OpenDirectory> {
  const opened: OpenKeyList[] = []
  const faults: KeyListFault[] = []
  for (const file of filesOf(directory)) {
    try {
      const one = await openKeyListFile(join(directory, file))
      const other = opened.find(({ list }) => list.head.name === one.list.head.name)
      if (other === undefined) opened.push(one)
      else {
        one.close()
        faults.push({ file, because: `another file has a list "${one.list.head.name}" already` })
      }
    } catch (error) {
      faults.push({ file, because: reasonOf(error) })
    }
  }
  return {
    lists: new SortedKeyLists(opened.map(({ list }) => list)),
    faults,
    close: () => {
      for (const one of opened) one.close()
    },
  }
}

/** Another text whenever a file came, went or was replaced; the files themselves are not read. */
export function markOfDirectory(directory: string): string {
  return filesOf(directory)
    .map((file) => {
      // A name that leads nowhere, or nowhere any more.
      const stat = statSync(join(directory, file), { throwIfNoEntry: false })
      return `${file} ${stat?.ino} ${stat?.size} ${stat?.mtimeMs}`
    })
    .join('\n')
}

function filesOf(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
      .filter((file) => file.endsWith(keyListSuffix))
      .sort()
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof FormatError) return error.message
  if (error instanceof Error && 'code' in error) return String(error.code)
  throw error
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
