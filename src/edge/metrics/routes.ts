// SPDX-License-Identifier: Apache-2.0
import { plainAnswer } from '#edge/http/answer.ts'
import type { Route } from '#edge/http/message.ts'

export interface MetricsPorts {
  /** Whether this address may read them: they tell how a business runs. */
  mayRead(address: string): boolean
  /** Everything, in the text exposition format. */
  page(): Promise<string>
}

export function metricsRoute({ mayRead, page }: MetricsPorts): Route {
  return {
    ...{ method: 'GET', path: '/metrics', operation: 'metrics', maxBodyBytes: 0 },
    handler: async ({ peer }) => {
      if (!mayRead(peer.address)) {
        return plainAnswer(403, 'this address may not read the metrics; see metrics-from')
      }
      return {
        status: 200,
        headers: {
          'Content-Type': 'text/plain; version=0.0.4; charset=utf-8',
          'Cache-Control': 'no-store',
        },
        body: await page(),
      }
    },
  }
}
