// SPDX-License-Identifier: Apache-2.0

/** Lines of at most `columns` characters, broken at blanks. */
export function wrap(text: string, columns: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

/** Two columns: what stands to the left, and beside it the wrapped text. */
export function beside(
  pairs: readonly (readonly [left: string, right: string])[],
  { indent = '  ', columns = 100 }: { readonly indent?: string; readonly columns?: number } = {},
): readonly string[] {
  const width = Math.max(0, ...pairs.map(([left]) => left.length))
  const room = Math.max(24, columns - indent.length - width - 2)
  return pairs.flatMap(([left, right]) =>
    wrap(right, room).map((line, index) =>
      `${indent}${(index === 0 ? left : '').padEnd(width)}  ${line}`.trimEnd(),
    ),
  )
}
