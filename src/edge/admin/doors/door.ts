// SPDX-License-Identifier: Apache-2.0
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Refused } from '#core/refusal.ts'
import type { DoorName } from '#format/admin/operation.ts'
import type { Caller } from '../caller.ts'

/** One of the three ways in to the same API. */
export interface Door {
  readonly name: DoorName
  /** Header fields of every answer here. */
  readonly headers: Readonly<Record<string, string>>
  /** Whether one source may ask only so much in a minute. */
  readonly limitsRate: boolean
  /** Who asks; a refusal where the request itself must not be looked at further. */
  identify(request: FastifyRequest): Promise<Caller | Refused>
  /** Gives the client a session to keep, or takes it away (undefined). */
  keepSession(reply: FastifyReply, token: string | undefined): void
}

/** What no answer of an API is without, wherever it goes. */
export const apiHeaders = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
} as const
