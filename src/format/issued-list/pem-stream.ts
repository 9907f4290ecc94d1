// SPDX-License-Identifier: Apache-2.0
import { derOf, type IssuedRow, RowFault } from './issued-row.ts'

const begin = '-----BEGIN CERTIFICATE-----'
const end = '-----END CERTIFICATE-----'

/** The base64 of one certificate; more is no certificate, and memory is bounded by it. */
const mostCharactersInBlock = 65_536

/**
 * Reads certificates in PEM one after the other as they arrive; what stands between them is passed over.
 *
 * The row of a certificate is the line on which its block begins.
 */
export async function* readPemStream(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<IssuedRow> {
  const blocks = new Blocks()
  for await (const line of linesOf(chunks)) {
    const row = blocks.take(line)
    if (row !== undefined) yield row
  }
  const row = blocks.end()
  if (row !== undefined) yield row
}

class Blocks {
  #line = 0
  #open: { readonly row: number; body: string } | undefined

  take(line: string): IssuedRow | undefined {
    this.#line++
    const text = line.trim()
    if (this.#open === undefined) {
      if (text === begin) this.#open = { row: this.#line, body: '' }
      return undefined
    }
    if (text === end) return this.#close()
    this.#open.body += text
    if (this.#open.body.length <= mostCharactersInBlock) return undefined
    return this.#give(`a certificate of more than ${mostCharactersInBlock} characters`)
  }

  end(): IssuedRow | undefined {
    return this.#open && this.#give('the file ends inside a certificate')
  }

  #close(): IssuedRow | undefined {
    const { row, body } = this.#open ?? { row: this.#line, body: '' }
    try {
      const certificate = derOf(body, 'certificate')
      this.#open = undefined
      return { kind: 'certificate', row, certificate, revoked: undefined, listed: undefined }
    } catch (error) {
      if (!(error instanceof RowFault)) throw error
      return this.#give(error.message)
    }
  }

  #give(fault: string): IssuedRow {
    const row = this.#open?.row ?? this.#line
    this.#open = undefined
    return { kind: 'wrong', row, fault }
  }
}

async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('latin1')
  let rest = ''
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = (lines.pop() ?? '').slice(0, mostCharactersInBlock)
    yield* lines
  }
  if (rest !== '') yield rest
}
