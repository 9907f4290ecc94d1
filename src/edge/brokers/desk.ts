// SPDX-License-Identifier: Apache-2.0
import type { IntegrationDesk } from '#core/enforcement/port.ts'
import type { Integration } from '#core/ledger/tables.ts'
import type { MosquittoMeans } from './mosquitto/mosquitto.ts'
import type { WebhookMeans } from './webhook/webhook.ts'

export type BrokerMeans = MosquittoMeans & WebhookMeans

/** All kinds of integrations; each is loaded when one of its kind is first spoken to. */
export function brokerDesk(means: BrokerMeans): IntegrationDesk & { close(): Promise<void> } {
  const desks = new Map<
    Integration['kind'],
    Promise<IntegrationDesk & { close?(): Promise<void> }>
  >()
  const deskOf = ({ kind }: Integration) => {
    const desk = desks.get(kind) ?? openDesk(kind, means)
    desks.set(kind, desk)
    return desk
  }
  return {
    enforce: async (integration, batch, signal) =>
      (await deskOf(integration)).enforce(integration, batch, signal),
    examine: async (integration, signal) =>
      (await deskOf(integration)).examine(integration, signal),
    close: async () => {
      for (const desk of desks.values()) await (await desk).close?.()
    },
  }
}

async function openDesk(kind: Integration['kind'], means: BrokerMeans): Promise<IntegrationDesk> {
  switch (kind) {
    case 'mosquitto': {
      const { MosquittoDesk } = await import('./mosquitto/mosquitto.ts')
      return new MosquittoDesk(means)
    }
    case 'webhook': {
      const { WebhookDesk } = await import('./webhook/webhook.ts')
      return new WebhookDesk(means)
    }
  }
}
