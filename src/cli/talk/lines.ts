// SPDX-License-Identifier: Apache-2.0

/** The lines of a stream as they come, without their ends. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest !== '') yield rest
}

/** The documents of server-sent events; signs of life are left out. @see HTML Living Standard 9.2 */
export async function* eventsOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<unknown> {
  for await (const line of linesOf(chunks)) {
    if (line.startsWith('data: ')) yield JSON.parse(line.slice('data: '.length))
  }
}
