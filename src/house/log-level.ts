// SPDX-License-Identifier: Apache-2.0

/** How much is told on standard error, least first. */
export const logLevels = ['silent', 'error', 'warn', 'info', 'debug'] as const

export type LogLevel = (typeof logLevels)[number]
