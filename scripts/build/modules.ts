// SPDX-License-Identifier: Apache-2.0
/** From the sources to plain JavaScript: which modules a program needs, and each without its types. */
import { existsSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, join, normalize } from 'node:path'

/** One module as it goes into a package. */
export interface BuiltModule {
  /** Its source, from the root of the project: `src/device/enrol.ts`. */
  readonly source: string
  readonly code: string
}

/** How a module names another of ours: in an import, or as the file of a thread. */
const reference =
  /(?<=\b(?:from\s|import\s|import\()\s*)["']([#.][^"']+\.ts)["']|(?<=new URL\(\s*)["']([^"']+\.ts)["'](?=, import\.meta\.url)/g

/**
 * Every module that these lead to, themselves included, in the order of their paths.
 *
 * Types are gone and every line keeps its place, so that a stack names the lines of the source.
 *
 * @throws Error for a reference that leads nowhere
 */
export function buildModules(root: string, entries: readonly string[]): readonly BuiltModule[] {
  const built = new Map<string, BuiltModule>()
  const waiting = [...entries]
  for (let source = waiting.pop(); source !== undefined; source = waiting.pop()) {
    if (built.has(source)) continue
    const path = join(root, source)
    if (!existsSync(path)) throw new Error(`no module ${source}`)
    const code = stripTypeScriptTypes(readFileSync(path, 'utf8'))
    built.set(source, { source, code: withoutTs(code) })
    waiting.push(...referencesOf(code).map((wanted) => resolved(source, wanted)))
  }
  return [...built.values()].sort((a, b) => (a.source < b.source ? -1 : 1))
}

/** The same text, with modules named as they are called once they are built. */
export function withoutTs(text: string): string {
  return text.replace(reference, (quoted) => quoted.replace(/\.ts(?=.$)/, '.js'))
}

/** The name of a built file. */
export function builtName(source: string): string {
  return source.replace(/\.ts$/, '.js')
}

function referencesOf(code: string): readonly string[] {
  return [...code.matchAll(reference)].map(([, imported, thread]) => imported ?? `./${thread}`)
}

/** `#storey/…` stands for `src/storey/…`, as package.json says. */
function resolved(from: string, wanted: string): string {
  return wanted.startsWith('#')
    ? `src/${wanted.slice(1)}`
    : normalize(join(dirname(from), wanted)).replaceAll('\\', '/')
}
