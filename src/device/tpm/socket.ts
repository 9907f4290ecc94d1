// SPDX-License-Identifier: Apache-2.0
import { connect, type Socket } from 'node:net'
import { concatBytes } from '#format/bytes.ts'
import { maxTpmBytes } from '#format/tpm/reader.ts'
import type { TpmAddress } from './address.ts'
import { type RawLink, statedOctets } from './link.ts'

/** A software TPM behind a socket: commands and answers follow each other without any frame of their own. */
export async function openSocket(
  address: Exclude<TpmAddress, { readonly kind: 'device' }>,
): Promise<RawLink> {
  const socket = await connected(
    address.kind === 'tcp' ? { host: address.host, port: address.port } : { path: address.path },
  )
  // A socket that waits for nothing keeps no process alive; while a command is under way it does.
  socket.unref()
  return {
    async send(command) {
      socket.ref()
      try {
        return await exchangeOver(socket, command)
      } finally {
        socket.unref()
      }
    },
    async close() {
      socket.destroy()
    },
  }
}

function connected(where: { path: string } | { host: string; port: number }): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(where)
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      // Between commands nobody listens; the next command meets the closed socket.
      socket.on('error', () => socket.destroy())
      resolve(socket)
    })
  })
}

/** Reads until as much is there as the header states, or more than an answer may have. */
function exchangeOver(socket: Socket, command: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    let answer: Uint8Array = new Uint8Array()
    const finish = (act: () => void) => {
      socket.off('data', take).off('close', cut).off('error', fail)
      act()
    }
    const take = (chunk: Uint8Array) => {
      answer = concatBytes([answer, chunk])
      const stated = statedOctets(answer) ?? Number.POSITIVE_INFINITY
      if (answer.length >= Math.min(Math.max(stated, 10), maxTpmBytes))
        finish(() => resolve(answer))
    }
    const cut = () =>
      finish(() => reject(new Error(`closed after ${answer.length} octets of an answer`)))
    const fail = (error: Error) => finish(() => reject(error))
    socket.on('data', take).once('close', cut).once('error', fail)
    if (socket.destroyed) cut()
    else socket.write(command)
  })
}
