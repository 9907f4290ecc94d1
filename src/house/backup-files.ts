// SPDX-License-Identifier: Apache-2.0
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '#core/fault.ts'
import type { SealedTexts } from '#edge/store/store.ts'
import type { Configuration } from './configuration.ts'
import { keyPlaces } from './kept.ts'

/** A small file of a backup; its path is one of those below, and no other is ever written. */
export interface BackupFile {
  readonly path: string
  readonly bytes: Uint8Array
}

const keyPath = /^(keys|root)\/([a-z0-9][a-z0-9_-]{0,63})\.key$/
export const configurationPath = 'vitalsign.json'

/** Which key a path means; undefined for the configuration. @throws Fault `backup-damaged` */
export function keyOfPath(
  path: string,
): { readonly place: 'keys' | 'root'; readonly name: string } | undefined {
  if (path === configurationPath) return undefined
  const [, place, name] = keyPath.exec(path) ?? []
  if ((place !== 'keys' && place !== 'root') || name === undefined)
    throw new Fault('backup-damaged', `the backup has a file ${path.slice(0, 80)}, which none has`)
  return { place, name }
}

/**
 * The sealed keys of authorities and log, and the configuration. Never the unlock file: who holds a backup
 * and an identity still needs the passphrase. This node's own TLS key is left out, for a restore makes one.
 */
export async function* keysAndConfiguration(
  { data, file }: Configuration,
  sealed: SealedTexts | undefined,
  withRoot: boolean,
): AsyncGenerator<BackupFile> {
  const places = keyPlaces(data)
  const seen = new Set<string>()
  for (const place of withRoot ? (['keys', 'root'] as const) : (['keys'] as const)) {
    for (const { name, bytes } of await keyFiles(places[place])) {
      seen.add(name)
      yield { path: `${place}/${name}`, bytes }
    }
  }
  for (const id of (await sealed?.names()) ?? []) {
    const text = seen.has(`${id}.key`) ? undefined : await sealed?.read(id)
    if (text !== undefined)
      yield { path: `keys/${id}.key`, bytes: new Uint8Array(Buffer.from(text, 'latin1')) }
  }
  if (file !== undefined) yield { path: configurationPath, bytes: file }
}

async function keyFiles(directory: string) {
  const names = await readdir(directory).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return []
    throw new Fault('store-unreachable', `cannot list ${directory}`, { cause })
  })
  const keys = names.filter((name) => name.endsWith('.key') && !name.startsWith('tls-')).sort()
  return Promise.all(
    keys.map(async (name) => ({
      name,
      bytes: new Uint8Array(await readFile(join(directory, name))),
    })),
  )
}
