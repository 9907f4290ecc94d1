// SPDX-License-Identifier: Apache-2.0
import { exit, Stop } from '../stop.ts'

/** Asks a person for a line; undefined if an optional one was left empty. @throws Stop if cancelled */
export async function askLine(
  message: string,
  output: NodeJS.WriteStream,
  isOptional: boolean,
): Promise<string | undefined> {
  const { text, isCancel } = await import('@clack/prompts')
  const validate = (value: string | undefined) =>
    isOptional || value?.trim() ? undefined : 'this is needed'
  const answer = await text({ message, validate, output })
  if (isCancel(answer)) throw cancelled()
  return answer?.trim() || undefined
}

/** Asks a person for a secret; what is typed is not shown. @throws Stop if cancelled */
export async function askHidden(message: string, output: NodeJS.WriteStream): Promise<string> {
  const { password, isCancel } = await import('@clack/prompts')
  const answer = await password({ message, output })
  if (isCancel(answer)) throw cancelled()
  return answer ?? ''
}

function cancelled(): Stop {
  return new Stop(exit.wrongUse, 'cancelled; nothing was done')
}
