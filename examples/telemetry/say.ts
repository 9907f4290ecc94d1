// SPDX-License-Identifier: Apache-2.0
/** What server and pumps tell of themselves, one JSON document a line, for whoever runs them. */
export type Said =
  | {
      readonly what: 'serving'
      readonly port: number
      readonly messages: string
      readonly as: string
    }
  | {
      readonly what: 'connected'
      readonly over: Way
      readonly serial: string
      /** The pump's own TCP port: the same port is the same connection. */
      readonly port: number
      /** Of the server: who said that the pump is to be believed. */
      readonly by?: 'vitalsign' | 'list'
    }
  | { readonly what: 'keeping'; readonly messages: string }
  | {
      readonly what: 'refused'
      readonly over: Way
      /** Of a pump that tells it of itself; the server does not know whom it refuses. */
      readonly serial?: string
      readonly reason: string
    }
  | {
      readonly what: 'lost'
      readonly over: Way
      readonly serial: string
      readonly port: number
    }
  | ({ readonly what: 'reading'; readonly over: Way; readonly serial: string } & Reading)

export type Way = 'https' | 'mqtt'

/** What a pump says of its patient's infusion. */
export interface Reading {
  readonly millilitresPerHour: number
  readonly millilitresInfused: number
}

export function say(said: Said): void {
  process.stdout.write(`${JSON.stringify({ at: Date.now(), ...said })}\n`)
}
