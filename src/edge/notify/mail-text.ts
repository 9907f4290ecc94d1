// SPDX-License-Identifier: Apache-2.0
import type { Delivery } from '#core/ledger/tables.ts'
import type { Message } from '#core/watch/enqueue.ts'

export interface Mail {
  readonly from: string
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly messageId: string
  readonly headers: Readonly<Record<string, string>>
}

/** The mail that tells of an alarm; a repetition has the same Message-ID (RFC 5322 section 3.6.4). */
export function mailOf(
  { id, message }: Delivery,
  { from, to }: { readonly from: string; readonly to: string },
  installation: string,
): Mail {
  // Only `enqueue` writes messages.
  const { what, at, alarm } = message as Message
  const head = what === 'cleared' ? 'cleared' : alarm.severity.toUpperCase()
  return {
    ...{ from, to },
    subject: oneLine(`[${installation}] ${head}: ${alarm.text}`).slice(0, 200),
    text: [
      what === 'cleared' ? 'The cause of this alarm is gone.' : 'This needs care.',
      '',
      `  ${oneLine(alarm.text)}`,
      '',
      `kind      ${alarm.kind}`,
      `severity  ${alarm.severity}`,
      `about     ${oneLine(alarm.subject)}`,
      `since     ${alarm.raisedAt}`,
      ...(alarm.clearedAt === null ? [] : [`until     ${alarm.clearedAt}`]),
      `told      ${at}`,
      '',
      `What it means and what to do: vitalsign explain ${alarm.kind}`,
      'What stands open: vitalsign alarm list',
      '',
    ].join('\n'),
    messageId: `<${id}@${installation.replace(/[^a-z0-9]/gi, '-')}.vitalsign>`,
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Vitalsign-Delivery': id },
  }
}

/** No line break can come into a head: what is told may hold what a device or a person wrote. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
}
