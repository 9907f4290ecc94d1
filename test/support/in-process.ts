// SPDX-License-Identifier: Apache-2.0
/** The command line in the process of a test: as bin/vitalsign runs it, without a process for each line. */
import { Readable, Writable } from 'node:stream'
import type { Means } from '#cli/means.ts'
import { runCommandLine } from '#cli/run.ts'
import { readWords } from '#house/words.ts'

export interface Ran {
  readonly status: number
  readonly out: string
  readonly error: string
}

class Heard extends Writable {
  text = ''
  override _write(chunk: Buffer, _encoding: string, done: () => void) {
    this.text += chunk.toString()
    done()
  }
}

/** One command line to its end; `input` is standard input. */
export async function runHere(words: readonly string[], input = ''): Promise<Ran> {
  const [output, errors] = [new Heard(), new Heard()]
  const absent = async () => {
    throw new TypeError('this command is not for a test in the process')
  }
  const means: Means = {
    input: Readable.from([Buffer.from(input)]) as unknown as NodeJS.ReadStream,
    output: output as unknown as NodeJS.WriteStream,
    errors: errors as unknown as NodeJS.WriteStream,
    ...{ noColour: true, now: () => Temporal.Now.instant(), openHouse: absent, readWords },
    ...{ offline: absent, ceremonies: absent, scanning: absent, serveHelp: absent },
    version: () => '0',
  }
  const status = await runCommandLine(words, means)
  return { status, out: output.text, error: errors.text }
}
