// SPDX-License-Identifier: Apache-2.0

/** A word of a command that a person takes over: whatever a name holds, the shell reads it as one word and runs none of it. */
export function shellWord(word: string): string {
  return /^[A-Za-z0-9_.,:/@+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
