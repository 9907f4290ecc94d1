// SPDX-License-Identifier: Apache-2.0
import { createReadStream, existsSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { FormatError } from '#format/format-error.ts'
import { RowFault } from '#format/issued-list/issued-row.ts'
import { parseIndexLine } from '#format/issued-list/openssl-index.ts'
import { parsePem } from '#format/pem.ts'
import { wrongUse } from './stop.ts'

/** Where the two programs that keep an authority in a directory put its parts. */
const layouts = [
  { authority: 'cacert.pem', key: 'private/cakey.pem', issued: 'newcerts', crlNumber: 'crlnumber' },
  { authority: 'ca.crt', key: 'private/ca.key', issued: 'certs_by_serial', crlNumber: 'crlnumber' },
] as const

/** The parts of an authority that `openssl ca` or easy-rsa keeps. */
export interface OpensslDirectory {
  /** The path of its certificate. */
  readonly authority: string
  readonly key: string
  readonly index: string
  /** The directory of what it issued, a file a serial number. */
  readonly issued: string
  /** Undefined if it never signed a list with a number. */
  readonly crlNumber: string | undefined
}

/** @throws Stop if the directory is none that these programs keep */
export function opensslDirectory(path: string): OpensslDirectory {
  const layout = layouts.find(({ authority }) => existsSync(join(path, authority)))
  const index = join(path, 'index.txt')
  if (layout === undefined || !existsSync(index)) {
    const wanted = layouts.map(({ authority }) => `index.txt and ${authority}`).join(', or ')
    throw wrongUse(
      `${path} is no directory of openssl ca or easy-rsa: it has not ${wanted}`,
      'name the parts one by one: --certificate, --chain, --private-key, --last-crl-number',
    )
  }
  const crlNumber = join(path, layout.crlNumber)
  return {
    ...{ authority: join(path, layout.authority), key: join(path, layout.key), index },
    issued: join(path, layout.issued),
    crlNumber: existsSync(crlNumber) ? crlNumber : undefined,
  }
}

export function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

/**
 * What the directory says was issued and revoked, as our own CSV; each line of the index is a row.
 *
 * `read.bytes` says how far the index has been read.
 */
export async function* issuedCsv(
  { index, issued }: OpensslDirectory,
  read: { bytes: number },
): AsyncGenerator<Uint8Array> {
  const text = new TextEncoder()
  yield text.encode('certificate,serialNumber,revokedAt,reason\n')
  for await (const line of createInterface({ input: createReadStream(index) })) {
    read.bytes += line.length + 1
    yield text.encode(`${await csvRow(line, issued)}\n`)
  }
}

/** What a line says wrong is left to the server to refuse by its number, as everything else. */
async function csvRow(line: string, issued: string): Promise<string> {
  try {
    const { serialHex, revoked } = parseIndexLine(line)
    const der = await certificateIn(join(issued, `${serialHex}.pem`))
    return [der, serialHex, revoked?.at ?? '', revoked?.reason ?? ''].join(',')
  } catch (error) {
    if (!(error instanceof RowFault)) throw error
    return `"","${error.message.replaceAll('"', "'")}",,`
  }
}

/** Base64 of the certificate in a file that may begin with its text; empty if there is no such file. */
async function certificateIn(path: string): Promise<string> {
  try {
    const blocks = parsePem(await readFile(path, 'latin1'))
    return blocks.find(({ label }) => label === 'CERTIFICATE')?.bytes.toBase64() ?? ''
  } catch (error) {
    if (error instanceof FormatError) return ''
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw error
  }
}
