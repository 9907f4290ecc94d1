// SPDX-License-Identifier: Apache-2.0

/** What text can stand out by; colours say nothing that words do not. */
const codes = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
} as const
export type Colour = keyof typeof codes

/** Colours text, or leaves it as it is. */
export type Paint = (colour: Colour, text: string) => string

/** Colours only where a person looks at them, and did not ask for none. @see https://no-color.org */
export function paintFor(stream: NodeJS.WriteStream, noColour: boolean): Paint {
  if (noColour || stream.isTTY !== true) return plainPaint
  return (colour, text) => {
    const [on, off] = codes[colour]
    return `\u001b[${on}m${text}\u001b[${off}m`
  }
}

export const plainPaint: Paint = (_colour, text) => text
