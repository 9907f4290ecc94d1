// SPDX-License-Identifier: Apache-2.0

/** Where a TPM is: a character device of the kernel, or the socket of a software TPM. */
export type TpmAddress =
  | { readonly kind: 'device'; readonly path: string }
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }

/** `device:/dev/tpmrm0`, `swtpm:/PATH.sock` or `swtpm:HOST:PORT`; undefined for anything else. */
export function parseTpmAddress(text: string): TpmAddress | undefined {
  const device = /^device:(\/.+)$/.exec(text)?.[1]
  if (device !== undefined) return { kind: 'device', path: device }
  const path = /^swtpm:(\/.+)$/.exec(text)?.[1]
  if (path !== undefined) return { kind: 'socket', path }
  const [, host = '', port = ''] = /^swtpm:(\[[0-9a-fA-F:]+\]|[^/:]+):(\d{1,5})$/.exec(text) ?? []
  const isPort = port !== '' && Number(port) > 0 && Number(port) < 65_536
  return isPort
    ? { kind: 'tcp', host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) }
    : undefined
}

/** As it was written. */
export function shownTpmAddress(address: TpmAddress): string {
  if (address.kind === 'tcp') {
    const { host, port } = address
    return `swtpm:${host.includes(':') ? `[${host}]` : host}:${port}`
  }
  return `${address.kind === 'device' ? 'device' : 'swtpm'}:${address.path}`
}
