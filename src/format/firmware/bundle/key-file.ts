// SPDX-License-Identifier: Apache-2.0
/** Key files of GLib, as RAUC writes its manifests and its configuration: groups of names and values. */
import { FormatError } from '#format/format-error.ts'

/** One group: its name, and its values by name, in their order. */
export interface KeyGroup {
  readonly name: string
  readonly values: ReadonlyMap<string, string>
}

/** Each new group is looked for among all before it. */
const most = { octets: 1_048_576, lines: 16_384, groups: 2_048 }

/**
 * All groups in their order. Stricter than GLib: a group or a name that stands twice is refused, as another reader
 * might take the other one; so are names in a language, and values outside of any group.
 *
 * @throws FormatError `text-malformed`, its offset in characters; `too-large`, `too-many`
 * @see GLib, "Key-value file parser"; Desktop Entry Specification, section 3
 */
export function parseKeyFile(text: string): readonly KeyGroup[] {
  if (text.length > most.octets) throw new FormatError('too-large', 0, `${text.length} characters`)
  const groups: { name: string; values: Map<string, string> }[] = []
  let [at, lines] = [0, 0]
  for (const line of text.split('\n')) {
    if (lines++ === most.lines) throw new FormatError('too-many', at, 'lines')
    readLine(line.trim(), at, groups)
    at += line.length + 1
  }
  return groups
}

function readLine(
  line: string,
  at: number,
  groups: { name: string; values: Map<string, string> }[],
): void {
  if (line === '' || line.startsWith('#')) return
  const group = /^\[([^[\]\p{Cc}]+)\]$/u.exec(line)?.[1]
  if (group !== undefined) {
    if (groups.some(({ name }) => name === group)) throw wrong(at, `group ${group} stands twice`)
    if (groups.length === most.groups) throw new FormatError('too-many', at, 'groups')
    groups.push({ name: group, values: new Map() })
    return
  }
  const [, name, value] = /^([A-Za-z0-9-]+)[ \t]*=[ \t]*([^\p{Cc}]*)$/u.exec(line) ?? []
  if (name === undefined || value === undefined) throw wrong(at, 'neither a group nor a value')
  const current = groups.at(-1)
  if (current === undefined) throw wrong(at, `${name} stands before any group`)
  if (current.values.has(name)) throw wrong(at, `${name} of ${current.name} stands twice`)
  current.values.set(name, value)
}

function wrong(at: number, detail: string): FormatError {
  return new FormatError('text-malformed', at, detail)
}

/** The groups as text, an empty line between them. */
export function encodeKeyFile(groups: readonly KeyGroup[]): string {
  return groups
    .map(({ name, values }) =>
      [`[${name}]`, ...[...values].map(([key, value]) => `${key}=${value}`), ''].join('\n'),
    )
    .join('\n')
}
