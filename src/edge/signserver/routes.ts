// SPDX-License-Identifier: Apache-2.0
/** Clients of SignServer: they have a digest signed by a worker, which is a signing key here. */
import { Fault } from '#core/fault.ts'
import type { Refused } from '#core/refusal.ts'
import type { ToBeSigned } from '#core/signing/sign-for-worker.ts'
import type { HttpPeer, HttpRequest, HttpResponse, Route } from '#edge/http/message.ts'
import { mostProcessBytes, type ProcessAnswer, workersPath } from '#format/signserver/process.ts'
import { refuse } from '#trust/refusal.ts'
import { acceptProcess } from './accept.ts'
import { answerRefused, answerSigned } from './answer.ts'

/** Who may have something signed. */
export interface Client {
  readonly kind: 'client'
  readonly actor: { readonly kind: 'machine'; readonly id: string }
  /** The ids of the products that it is for; undefined: all. */
  readonly products: readonly string[] | undefined
}

export interface Signed extends Omit<ProcessAnswer, 'requestId'> {
  readonly kind: 'signed'
}

export interface SignServerPorts {
  /** Whom the connection proves; MUST refuse whoever may not have anything signed. */
  client(peer: HttpPeer): Promise<Client | Refused>
  sign(worker: string, asked: ToBeSigned, client: Client): Promise<Signed | Refused>
  /** Hears of every no. */
  noteRefused(no: Refused, peer: HttpPeer, client: Client | undefined): Promise<void>
}

/** POST /signserver/rest/v1/workers/{idOrName}/process. */
export function signServerRoutes(ports: SignServerPorts): readonly Route[] {
  return [
    {
      ...{ method: 'POST', path: `${workersPath}*`, operation: 'signserver-process' },
      maxBodyBytes: mostProcessBytes,
      handler: (request) => process(request, ports),
    },
  ]
}

async function process(request: HttpRequest, ports: SignServerPorts): Promise<HttpResponse> {
  const { peer, requestId } = request
  try {
    // Who asks comes first: a stranger learns nothing of workers.
    const client = await ports.client(peer)
    if (client.kind === 'refused') return turnDown(client, undefined)
    const accepted = acceptProcess(request)
    if (accepted.kind === 'refused') return turnDown(accepted, client)
    const signed = await ports.sign(accepted.worker, accepted.asked, client)
    return signed.kind === 'refused'
      ? turnDown(signed, client)
      : answerSigned({ ...signed, requestId })
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'store-full') throw error
    return answerRefused(refuse('store-full', 'the disk of the server is full; try again later'))
  }

  async function turnDown(no: Refused, client: Client | undefined): Promise<HttpResponse> {
    await ports.noteRefused(no, peer, client)
    return answerRefused(no)
  }
}
