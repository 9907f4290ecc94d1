// SPDX-License-Identifier: Apache-2.0
import { type FileHandle, open } from 'node:fs/promises'
import type { ByteSource } from '#format/archive/byte-source.ts'
import { handleSource } from '#format/archive/handle-source.ts'
import { findForm, formNamed } from '#trust/artefact/find-form.ts'
import type { AnyForm } from '#trust/artefact/forms.ts'
import { unreadable } from '../files.ts'
import { exit, Stop, wrongUse } from '../stop.ts'
import type { Call } from '../verbs/verb.ts'
import { forms } from './forms.ts'
import { stopFor } from './stop-for.ts'

export type SizedSource = ByteSource & { readonly size: number }

/** Opens files while `act` works with them; nothing of them is in memory. @throws Stop */
export async function withFiles<T>(act: (opened: OpenFiles) => Promise<T>): Promise<T> {
  const handles: FileHandle[] = []
  try {
    return await act({
      async open(path, what) {
        const handle = await openOne(path, what)
        handles.push(handle)
        const status = await handle.stat()
        if (!status.isFile()) throw wrongUse(`${path} is no file`, `look at ${what}`)
        return handleSource(handle, status.size)
      },
    })
  } finally {
    for (const handle of handles) await handle.close()
  }
}

export interface OpenFiles {
  /** A file that stays open until the work is done; `what` is the argument that named it. @throws Stop */
  open(path: string, what: string): Promise<SizedSource>
}

async function openOne(path: string, what: string): Promise<FileHandle> {
  try {
    return await open(path)
  } catch (cause) {
    throw unreadable(path, what, cause)
  }
}

/** The form that was said, else the one that the file is of. @throws Stop */
export async function formOf({ said }: Call, source: ByteSource): Promise<AnyForm> {
  const name = said.text('form')
  const found = name === undefined ? await findForm(source, forms) : formNamed(name, forms)
  if ('reason' in found) throw stopFor(found)
  return found
}

/** What was named by `--beside`: needed by what is detached, and senseless for all else. @throws Stop */
export async function besideOf(
  { said }: Call,
  form: AnyForm,
  files: OpenFiles,
): Promise<SizedSource | undefined> {
  const path = said.text('beside')
  if (form.place === 'embedded') {
    if (path === undefined) return undefined
    throw wrongUse(`${form.title} holds what it signs`, 'leave --beside out')
  }
  if (path !== undefined) return files.open(path, '--beside')
  throw new Stop(exit.wrongUse, `${form.title} stands beside what it signs`, {
    hint: 'name what was signed: --beside FILE',
  })
}
