// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs'
import { extname } from 'node:path'
import type { PageFile } from '#edge/admin/api.ts'

const directory = new URL('../console/page/', import.meta.url)

const mediaTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** The files of the first page, by the path that they are served under; `index.html` is `/`. */
export function pageFiles(): ReadonlyMap<string, PageFile> {
  const files = new Map<string, PageFile>()
  for (const name of readdirSync(directory)) {
    const mediaType = mediaTypes[extname(name)]
    if (mediaType === undefined) continue
    const content = readFileSync(new URL(name, directory))
    files.set(name === 'index.html' ? '/' : `/${name}`, { mediaType, content })
  }
  return files
}
