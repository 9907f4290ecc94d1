// SPDX-License-Identifier: Apache-2.0
import { isIP } from 'node:net'

/** The one server that a device talks to. */
export interface Server {
  /** A DNS name, or an address without brackets. */
  readonly host: string
  readonly port: number
  readonly isAddress: boolean
  /** The value of the Host header: as given, with brackets and port where they are needed. */
  readonly authority: string
}

/** Reads `https://HOST[:PORT]`; undefined for anything else, a path or a user included. */
export function parseServer(text: string): Server | undefined {
  const url = URL.parse(text)
  if (url?.protocol !== 'https:' || url.host === '') return undefined
  if (`${url.username}${url.password}${url.search}${url.hash}` !== '') return undefined
  if (url.pathname !== '/') return undefined
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  return {
    host,
    port: url.port === '' ? 443 : Number(url.port),
    isAddress: isIP(host) !== 0,
    authority: url.host,
  }
}
