// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Over the names and bytes of all that runs, in the order of the names: to compare with another installation. */
export function programDigest(): { readonly files: number; readonly sha256: string } {
  const root = fileURLToPath(new URL('../', import.meta.url))
  const files = globSync('**/*.{ts,js,mjs,sql,html,css,svg}', { cwd: root })
    .filter((file) => !/\.test\.|-testing\./.test(file))
    .sort()
  const digest = createHash('sha256')
  for (const file of files) digest.update(`${file}\0`).update(readFileSync(`${root}/${file}`))
  return { files: files.length, sha256: digest.digest('hex') }
}
