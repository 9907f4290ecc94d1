// SPDX-License-Identifier: Apache-2.0
import { sameBytes } from '#format/bytes.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import type { GeneralName } from '#format/x509/general-name.ts'
import type { CertificateFacts } from './profile.ts'
import { type AlternativeNameTemplate, fill } from './templates.ts'

/** Whether two alternative names are the same bytes, host names without regard to case. */
export function sameAlternativeName(left: GeneralName, right: GeneralName): boolean {
  if (left.kind === 'dns' && right.kind === 'dns')
    return left.value.toLowerCase() === right.value.toLowerCase()
  return left.kind === right.kind && sameBytes(encoded(left), encoded(right))
}

/**
 * Whether a request may add this name: it matches one of the patterns, in which `*` at the start
 * stands for one label of a host name, or for any text without `/`, `@` and spaces elsewhere.
 */
export function isAddable(
  patterns: readonly AlternativeNameTemplate[],
  facts: CertificateFacts,
  name: GeneralName,
): boolean {
  return patterns.some((pattern) => {
    const text = fill(pattern.value, facts)
    const kind = pattern.kind === 'host' ? 'dns' : pattern.kind
    return text !== undefined && kind === name.kind && matches(text, name)
  })
}

function matches(pattern: string, name: GeneralName): boolean {
  if (name.kind === 'dns')
    return /^[a-z0-9.-]+$/i.test(name.value) && wild(pattern, name.value, '.')
  if (name.kind === 'uri' || name.kind === 'email') return wild(pattern, name.value, '/@ ')
  return false
}

/** Case matters to URIs only in part; to be on the safe side it counts there. */
function wild(pattern: string, value: string, stops: string): boolean {
  const [wanted, text] =
    stops === '.' ? [pattern.toLowerCase(), value.toLowerCase()] : [pattern, value]
  if (!wanted.startsWith('*')) return wanted === text
  const rest = wanted.slice(1)
  const free = text.slice(0, text.length - rest.length)
  return text.endsWith(rest) && free.length > 0 && ![...free].some((one) => stops.includes(one))
}

/** The name in a few words, for a refusal. */
export function showAlternativeName(name: GeneralName): string {
  switch (name.kind) {
    case 'dns':
    case 'email':
    case 'uri':
      return `${name.kind}:${name.value}`
    case 'ip':
      return `ip:${name.bytes.length === 4 ? name.bytes.join('.') : name.bytes.toHex()}`
    default:
      return name.kind
  }
}

function encoded(name: GeneralName): Uint8Array {
  return encodeExtension('subjectAltName', [name]).value
}
