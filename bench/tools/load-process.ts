// SPDX-License-Identifier: Apache-2.0
/** Sends requests as cheaply as it can, so that the server is what is measured; loopback only. */
import { connect, type Socket } from 'node:net'
import { connect as connectSecure, createSecureContext } from 'node:tls'
import type { Borne, Load } from './load.ts'
import { atOnce } from './meter.ts'

process.on('message', async (load: Load) => process.send?.(await bear(load)))

async function bear(load: Load): Promise<Borne> {
  const { kind, port, clients, requests, key, certificate, leastBytes = 0 } = load
  const context = createSecureContext({ ...(key && certificate && { key, cert: certificate }) })
  const milliseconds: number[] = []
  let errors = 0
  let firstError = ''
  const note = (started: number, answer: string) => {
    milliseconds.push(performance.now() - started)
    if (/^HTTP\/1\.1 20[04] /.test(answer) && answer.length >= leastBytes) return
    errors++
    firstError ||= answer.slice(0, 300)
  }
  const fresh = (index: number) =>
    new Promise<void>((resolve) => {
      const started = performance.now()
      let answer = ''
      const options = { host: '127.0.0.1', port, secureContext: context, rejectUnauthorized: false }
      const socket = connectSecure({ ...options, servername: 'localhost' })
      socket.setEncoding('latin1')
      socket.on('secureConnect', () => socket.write(requests[index] ?? '', 'latin1'))
      socket.on('data', (piece: string) => {
        answer += piece
      })
      socket.on('error', (error) => {
        answer ||= error.message
      })
      socket.on('close', () => {
        note(started, answer)
        resolve()
      })
    })
  const plain = () => connect(port, '127.0.0.1')
  const secure = () =>
    connectSecure({
      ...{ host: '127.0.0.1', port, secureContext: context, rejectUnauthorized: false },
      servername: 'localhost',
    })
  const start = performance.now()
  if (kind === 'tls') await atOnce(clients, requests.length, fresh)
  else await overKept(kind === 'http' ? plain : secure, clients, requests, note)
  milliseconds.sort((left, right) => left - right)
  return {
    seconds: (performance.now() - start) / 1_000,
    ...{ answered: milliseconds.length, errors, firstError },
    medianMilliseconds: milliseconds[milliseconds.length >> 1] ?? 0,
    p95Milliseconds: milliseconds[Math.floor(milliseconds.length * 0.95)] ?? 0,
    p99Milliseconds: milliseconds[Math.floor(milliseconds.length * 0.99)] ?? 0,
  }
}

/** Each client sends its next request when the answer before has come whole. */
async function overKept(
  open: () => Socket,
  clients: number,
  requests: readonly string[],
  note: (started: number, answer: string) => void,
): Promise<void> {
  let next = 0
  const one = async () => {
    let socket: Socket | undefined
    while (next < requests.length) {
      const request = requests[next++] ?? ''
      const started = performance.now()
      if (socket === undefined || socket.destroyed) socket = open()
      note(started, await exchanged(socket, request))
    }
    socket?.destroy()
  }
  await Promise.all(Array.from({ length: clients }, one))
}

function exchanged(socket: Socket, request: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = ''
    const done = () => {
      socket.removeAllListeners()
      socket.on('error', () => {})
      if (/^connection: close/im.test(answer.slice(0, 1_000))) socket.destroy()
      resolve(answer)
    }
    socket.setEncoding('latin1')
    socket.on('data', (piece: string) => {
      answer += piece
      const end = answer.indexOf('\r\n\r\n')
      const [, length] = /^content-length: (\d+)/im.exec(answer.slice(0, end)) ?? []
      if (end !== -1 && answer.length >= end + 4 + Number(length ?? 0)) done()
    })
    socket.on('error', done)
    socket.on('close', done)
    socket.write(request, 'latin1')
  })
}
