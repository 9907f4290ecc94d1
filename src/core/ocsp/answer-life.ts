// SPDX-License-Identifier: Apache-2.0

/**
 * How long an answer is good, by what it says. From half of that on it is made anew when somebody asks, so that
 * the other half is left to mend whatever keeps it from being made.
 */
export const answerLife = {
  good: {
    span: hours(16),
    because:
      "CA/Browser Forum Baseline Requirements 4.9.10: from 16 hours on there are 8 between a new answer and the old one's end, a night's outage",
  },
  held: { span: hours(1), because: 'our choice: a release is to be believed soon' },
  revoked: {
    span: hours(96),
    because: 'our choice: it stays as it is, and the forum allows ten days',
  },
  unknown: {
    span: Temporal.Duration.from({ minutes: 10 }),
    because: 'our choice: what is unknown now may be issued, or be learnt after a restore',
  },
} as const satisfies Record<string, { readonly span: Temporal.Duration; readonly because: string }>

export type AnswerLife = keyof typeof answerLife

function hours(count: number): Temporal.Duration {
  return Temporal.Duration.from({ hours: count })
}
