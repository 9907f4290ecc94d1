// SPDX-License-Identifier: Apache-2.0
/** Settings as text again: a sw-description of ours has one reading, whatever a person wrote. */
import { FormatError } from '#format/format-error.ts'
import type { Setting } from './sw-description.ts'

/** In the syntax of libconfig. @throws FormatError `value-not-allowed` for a name that it cannot have */
export function encodeLibconfig(settings: { readonly [name: string]: Setting }): string {
  return groupOf(settings, '')
}

function groupOf(settings: { readonly [name: string]: Setting }, indent: string): string {
  return Object.entries(settings)
    .map(([name, value]) => {
      if (!/^[A-Za-z*][-A-Za-z0-9_*]*$/.test(name))
        throw new FormatError('value-not-allowed', 0, `a setting named "${name.slice(0, 40)}"`)
      return `${indent}${name} = ${encoded(value, indent)};\n`
    })
    .join('')
}

function encoded(value: Setting, indent: string): string {
  const deeper = `${indent}  `
  if (typeof value === 'string') return quoted(value)
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'number') return numberOf(value)
  if (!isList(value)) return `{\n${groupOf(value, deeper)}${indent}}`
  // An array has scalars of one type; groups stand in a list.
  const scalars = value.every((one) => typeof one !== 'object')
  const inner = value.map((one) => encoded(one, deeper)).join(', ')
  return scalars ? `[ ${inner} ]` : `( ${inner} )`
}

function isList(value: Setting): value is readonly Setting[] {
  return Array.isArray(value)
}

/** What does not fit 32 bits is marked, or it would be cut. */
function numberOf(value: number): string {
  if (!Number.isInteger(value)) return String(value)
  return Math.abs(value) > 0x7fff_ffff ? `${value}L` : String(value)
}

function quoted(text: string): string {
  const escaped = text.replace(/["\\\n\r\t\f]/g, (character) => {
    const short = { '\n': 'n', '\r': 'r', '\t': 't', '\f': 'f' }[character]
    return `\\${short ?? character}`
  })
  return `"${escaped}"`
}

/** The same settings with the SHA-256 of each file, where a group names one and says none. */
export function withDigests(
  setting: Setting,
  digestOf: (filename: string) => string | undefined,
): Setting {
  if (typeof setting !== 'object') return setting
  if (isList(setting)) return setting.map((one) => withDigests(one, digestOf))
  const inner = Object.fromEntries(
    Object.entries(setting).map(([name, value]) => [name, withDigests(value, digestOf)]),
  )
  const { filename, sha256 } = setting
  if (typeof filename !== 'string' || sha256 !== undefined) return inner
  const digest = digestOf(filename)
  return digest === undefined ? inner : { ...inner, sha256: digest }
}
