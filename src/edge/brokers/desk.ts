// SPDX-License-Identifier: Apache-2.0
import type { IntegrationDesk } from '#core/enforcement/port.ts'
import type { Integration } from '#core/ledger/tables.ts'
import type { MosquittoMeans } from './mosquitto/mosquitto.ts'
import type { WebhookMeans } from './webhook/webhook.ts'

export type BrokerMeans = MosquittoMeans & WebhookMeans

type OpenDesk = IntegrationDesk & { close?(): Promise<void> }

/** All kinds of integrations; each is loaded when one of its kind is first spoken to. */
export function brokerDesk(means: BrokerMeans): IntegrationDesk & { close(): Promise<void> } {
  const desks = new Map<Integration['kind'], Promise<OpenDesk | undefined>>()
  const deskOf = ({ kind }: Integration) => {
    const desk = desks.get(kind) ?? openDesk(kind, means).catch(unlessMissing)
    desks.set(kind, desk)
    return desk
  }
  const missing = {
    kind: 'down',
    detail: 'the package mqtt is not installed: npm install, with its optional packages',
  } as const
  return {
    enforce: async (integration, batch, signal) =>
      (await deskOf(integration))?.enforce(integration, batch, signal) ?? missing,
    examine: async (integration, signal) =>
      (await deskOf(integration))?.examine(integration, signal) ?? missing,
    close: async () => {
      for (const desk of desks.values()) await (await desk)?.close?.()
    },
  }
}

/** An optional package that this machine does not have. */
function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error
}

async function openDesk(kind: Integration['kind'], means: BrokerMeans): Promise<OpenDesk> {
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
