// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs'
import { Fault } from '#core/fault.ts'

/** How to reach the database, as the one who runs the house says it. */
export interface PostgresSettings {
  /**
   * `postgres://USER@HOST[:PORT][,HOST[:PORT]...]/DATABASE`, without a password; a directory of sockets
   * goes as `postgres://USER@/DATABASE?host=/run/postgresql`. Of several hosts the first that can be
   * written to is taken. `?sslmode=disable` leaves out TLS, which hosts other than this one need.
   */
  readonly url: string
  /** The file whose one line is the password; read at each connecting, so that it may change. */
  readonly passwordFile?: string
  /** PEM of the authorities that may have issued the server's certificate; else those of the system. */
  readonly caFile?: string
}

/** Where and as whom to connect. */
export interface Target {
  readonly hosts: readonly Host[]
  readonly user: string
  readonly database: string
  /** The password at this moment; undefined if there is none. @throws Fault 'configuration-wrong' */
  password(): string | undefined
}

export interface Host {
  /** A name, an address, or the directory of a socket. */
  readonly host: string
  readonly port: number
  /** Undefined: no TLS; else the certificate is of this host and of these authorities (PEM), or the system's. */
  readonly tls: { readonly ca: string | undefined } | undefined
}

const usualPort = 5_432
const form = /^postgres(?:ql)?:\/\/(?:([^@/?#]*)@)?([^/?#@]*)\/([^/?#]+)(?:\?([^#]*))?$/

/** @throws Fault 'configuration-wrong' with what is wrong with the URL or a file */
export function parseTarget({ url, passwordFile, caFile }: PostgresSettings): Target {
  const [, userWords = '', hostWords = '', database = '', query = ''] = form.exec(url) ?? []
  if (database === '')
    throw wrong('the database is no URL of the form postgres://USER@HOST:PORT/DATABASE')
  const words = new URLSearchParams(query)
  if (userWords.includes(':') || words.has('password'))
    throw wrong(
      'the database URL holds a password, which lists of processes show: put it into a file and name that with database-password-file',
    )
  for (const name of words.keys())
    if (name !== 'host' && name !== 'sslmode')
      throw wrong(`the database URL has ?${name}=, allowed are host and sslmode`)
  const user = decoded(userWords)
  if (user === '') throw wrong('the database URL names no user: postgres://USER@HOST:PORT/DATABASE')
  const mode = words.get('sslmode') ?? 'verify-full'
  if (mode !== 'verify-full' && mode !== 'disable')
    throw wrong(`the database URL has sslmode=${mode}, allowed are verify-full and disable`)
  const ca = caFile === undefined ? undefined : readText(caFile)
  const hosts = (words.get('host') ?? hostWords)
    .split(',')
    .map((one) => parseHost(one, mode === 'disable', ca))
  const password = () =>
    passwordFile === undefined ? undefined : readText(passwordFile).replace(/\r?\n$/, '')
  password()
  return { hosts, user, database: decoded(database), password }
}

function parseHost(text: string, plain: boolean, ca: string | undefined): Host {
  if (text.startsWith('/')) {
    const [, host = text, port] = /^(.*):(\d+)$/.exec(text) ?? []
    return { host, port: Number(port ?? usualPort), tls: undefined }
  }
  const [, name = '', digits] = /^(\[[0-9a-fA-F:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/.exec(text) ?? []
  const host = name.replace(/^\[|\]$/g, '')
  if (host === '') throw wrong(`the database URL names no host in "${text}"`)
  const port = Number(digits ?? usualPort)
  const needed = !plain && (ca !== undefined || !isLoopback(host))
  return { host, port, tls: needed ? { ca } : undefined }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    if (!(cause instanceof URIError)) throw cause
    throw wrong('the database URL has a % that starts no character')
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new Fault('configuration-wrong', `cannot read ${file}`, { cause })
  }
}

function wrong(message: string): Fault {
  return new Fault('configuration-wrong', message)
}
