// SPDX-License-Identifier: Apache-2.0

/** A "no" of the server (RFC 9457), or that it cannot be reached. */
export class Problem extends Error {
  constructor({ code, detail, faults = [] }) {
    super(detail)
    this.code = code
    this.faults = faults
  }
}

/** Reads under `/api/v1`; filters that are empty are not sent. @throws Problem */
export function get(path, filters = {}) {
  const given = Object.entries(filters).filter(([, value]) => value !== '')
  return ask('GET', `${path}?${new URLSearchParams(given)}`)
}

/** Does something; `version` is that of the record which the person saw. @throws Problem */
export function post(path, input = {}, version = undefined) {
  return ask('POST', path, {
    body: JSON.stringify(input),
    headers: {
      'Content-Type': 'application/json',
      ...(version && { 'If-Match': `"${version}"` }),
    },
  })
}

export async function ask(method, path, options = {}) {
  const answer = await fetch(`/api/v1${path}`, { method, ...options }).catch(() => {
    throw new Problem({ code: 'unreachable', detail: 'the server does not answer' })
  })
  const document = await answer.json().catch(() => ({ code: 'broken', detail: answer.statusText }))
  if (!answer.ok) throw new Problem(document)
  return document
}

/** What to do about a problem, in the words of docs/words.md. */
export async function remedyOf({ code }) {
  if (code === 'unreachable') return 'look whether it still runs, then try again'
  return (await get(`/words/${code}`).catch(() => ({}))).remedy
}

/** Hears each sighting of a device until the signal aborts; `cut` hears whether it is for good. */
export function watch(device, signal, seen, cut) {
  const source = new EventSource(`/api/v1/devices/${device}/watch`)
  signal.addEventListener('abort', () => source.close())
  source.addEventListener('message', ({ data }) => seen(JSON.parse(data)))
  source.addEventListener('error', () => cut(source.readyState === EventSource.CLOSED))
}
