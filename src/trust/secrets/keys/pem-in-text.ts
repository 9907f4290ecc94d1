// SPDX-License-Identifier: Apache-2.0

/** A block of PEM as it stands in some text, which need not be a file of its own. */
export interface LooseBlock {
  readonly label: string
  readonly bytes: Uint8Array
  /** RFC 1421 section 4.6: `Proc-Type: 4,ENCRYPTED`. */
  readonly isEncrypted: boolean
  /** In characters from where BEGIN starts. */
  readonly length: number
}

const beginning = /^-----BEGIN ([A-Z0-9][A-Z0-9 ]{0,40})-----/
/** `\n` and `\r` as programs, JSON and YAML write them, once or twice escaped, and a line end of XML. */
const escapedEnds = /\\{1,4}[rn]|&#(?:10|13|xa|xd);/gi
/** The seam between two strings of a program: a quote, perhaps a comma, a sign that joins them, and a quote. */
const seams = /["'`][\s,+.\\]{0,100}[bru]?["'`]/g
/** What else stands around lines: indents, comment marks, quotes, an escaped slash. */
const around = /^[ \t]*(?:[#*>|;]+|\/\/)[ \t]|[\s"'`\\]/gm
const header = /^\s*[A-Za-z][A-Za-z-]*: .*$/

/**
 * The block that begins here, of whatever text it is part of: a file, a string of a program, JSON or YAML.
 *
 * @param text latin-1, from BEGIN on
 * @returns undefined where no END follows, or what stands between is no base64
 */
export function readLooseBlock(text: string): LooseBlock | undefined {
  const begin = beginning.exec(text)
  if (begin === null) return undefined
  const [opening, label = ''] = begin
  const end = text.indexOf(`-----END ${label}-----`, opening.length)
  if (end === -1) return undefined
  const lines = text
    .slice(opening.length, end)
    .replace(escapedEnds, '\n')
    .replace(seams, '')
    .split('\n')
  const headers = lines.filter((line) => header.test(line))
  const body = lines
    .filter((line) => !header.test(line))
    // The checksum of OpenPGP, RFC 9580 section 6.1.
    .filter((line) => !/^=[A-Za-z0-9+/]{4}$/.test(line.trim()))
    .join('\n')
    .replace(around, '')
  if (body.length < 24 || !/^[A-Za-z0-9+/]+={0,2}$/.test(body)) return undefined
  const bytes = base64(body)
  if (bytes === undefined) return undefined
  return {
    ...{ label, bytes, length: end + label.length + 14 },
    isEncrypted: headers.some((line) => /Proc-Type:.*ENCRYPTED/.test(line)),
  }
}

function base64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.fromBase64(text, { lastChunkHandling: 'loose' })
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
