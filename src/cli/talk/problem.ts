// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import type { Operation } from '#format/admin/operation.ts'
import { argumentsOf } from '../commands/argument.ts'
import { broken, exit, Stop } from '../stop.ts'

/** What of a problem document (RFC 9457) a person or a script is told. */
const problem = z.object({
  code: z.string(),
  detail: z.string(),
  instance: z.string().optional(),
  faults: z.array(z.object({ path: z.string(), fault: z.string() })).optional(),
})

/**
 * A refusal, with its code; wrong inputs as wrong use of the flags that they came from; a break.
 *
 * The remedy of a refusal is not known here: docs/words.md has it by the code.
 */
export function stopFor(row: Operation, status: number, body: string): Stop {
  const read = problem.safeParse(jsonIn(body))
  if (!read.success) {
    return broken(`the server answered ${status} without saying why`, 'is this a Vitalsign server?')
  }
  const { code, detail, instance, faults } = read.data
  if (code === 'broken') {
    return broken(detail, `look for ${instance ?? 'the request'} in the server's log`)
  }
  if (code === 'input-wrong' && faults !== undefined) {
    const told = faults.map(({ path, fault }) => `${shownInput(row, path)}: ${fault}`)
    return new Stop(exit.wrongUse, told.join('\n'), { code })
  }
  return new Stop(exit.refused, code === 'input-wrong' ? inFlags(row, detail) : detail, { code })
}

/** Inputs that a sentence names at its head (`algorithm: …`), in brackets or in camel case, as they are written here. */
function inFlags(row: Operation, detail: string): string {
  return detail
    .replace(/^\w+(?=: )/, (name) => shownInput(row, name))
    .replace(/(?<=\()\w+(?=\))|\b[a-z]+[A-Z]\w*/g, (name) => shownInput(row, name))
}

function jsonIn(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined // a proxy's page, or nothing; the status is told instead
  }
}

function shownInput(row: Operation, path: string): string {
  const argument = argumentsOf(row).find(({ name }) => name === path.split('.', 1)[0])
  if (argument === undefined) return path
  return argument.how === 'flag' ? `--${argument.flag}` : argument.placeholder
}
