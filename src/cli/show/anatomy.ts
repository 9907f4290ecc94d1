// SPDX-License-Identifier: Apache-2.0
import type { Anatomy, AnatomyPart } from '#trust/artefact/form.ts'
import { pairLines } from './record.ts'
import type { TableOptions } from './table.ts'
import { printable } from './value.ts'

/** An anatomy as people read it: a line a part, its facts below it. */
export function anatomyLines({ title, parts }: Anatomy, options: TableOptions): readonly string[] {
  const furthest = Math.max(0, ...parts.map(({ offset = 0 }) => offset))
  const digits = Math.max(4, furthest.toString(16).length)
  const cells = parts.map(
    (part) => [offsetText(part, digits), part.octets.toLocaleString('en')] as const,
  )
  const widths = [0, 1].map((column) => Math.max(0, ...cells.map((row) => row[column as 0].length)))
  const names = Math.max(0, ...parts.map(({ name }) => printable(name).length))
  return [
    options.paint('bold', printable(title)),
    ...parts.flatMap((part, index) => {
      const [offset = '', octets = ''] = cells[index] ?? []
      const place = `${offset.padStart(widths[0] ?? 0)}  ${octets.padStart(widths[1] ?? 0)}`
      const name = printable(part.name).padEnd(names)
      return [
        '',
        `${options.paint('dim', place)}  ${options.paint('bold', name)}  ${printable(part.what)}`.trimEnd(),
        ...pairLines(
          part.facts.map(([label, value]) => [printable(label), printable(value)] as const),
          { ...options, indent: ' '.repeat(place.length + 2) },
        ),
      ]
    }),
  ]
}

function offsetText({ offset }: AnatomyPart, digits: number): string {
  return offset === undefined ? '·' : `0x${offset.toString(16).padStart(digits, '0')}`
}

/** The same for programs. */
export function anatomyDocument(form: string, { title, parts }: Anatomy) {
  return {
    ...{ form, title },
    parts: parts.map(({ facts, offset, ...part }) => ({
      ...{ ...part, offset: offset ?? null },
      facts: facts.map(([name, value]) => ({ name, value })),
    })),
  }
}
