// SPDX-License-Identifier: Apache-2.0
import type { Authority } from '../ledger/tables.ts'
import { scriptFormat } from './read-script.ts'
import { leastConfirmed, stepsOf, usualWords } from './script.ts'

export interface ScriptWish {
  readonly act: 'found' | 'open'
  readonly environment: Authority['environment']
  readonly maker: string
  readonly publicUrl: string
  readonly needed: number
  readonly of: number
  /** The files of the requests that are to be answered. */
  readonly requests: readonly string[]
}

/**
 * A script to begin with: two roots, the requests that are there, and people to be named.
 *
 * Whose request it is, the names of the files say: what ends in `-twin` goes to the twin's root.
 */
export function newScript(wish: ScriptWish): string {
  const { act, environment, maker, publicUrl, needed, of, requests } = wish
  const isFounding = act === 'found'
  const issue = requests.map((request) => ({
    root: /-twin\.(?:csr|pem|der)$/.test(request) ? 'root-twin' : 'root',
    request,
  }))
  const roots = isFounding
    ? [
        { name: 'root', algorithm: 'p-384', commonName: 'Device Root CA' },
        {
          ...{ name: 'root-twin', algorithm: 'ml-dsa-87' },
          ...{ commonName: 'Device Root CA (post-quantum)', twinOf: 'root' },
        },
      ]
    : []
  const lists = ['root', 'root-twin'].map((root) => ({ root, goodForDays: 365, revoke: [] }))
  const shares = isFounding ? { shares: { needed, of, sealed: true } } : {}
  const custodians = Array.from({ length: isFounding ? of : needed }, (_, at) => ({
    role: 'custodian',
    name: `Custodian ${at + 1}`,
  }))
  const steps = stepsOf({
    ...{ act, roots, issue, links: [], lists, shares: undefined },
  }).map((step) => ({ step, words: usualWords[step], confirmedBy: leastConfirmed[step] }))
  const document = {
    ...{
      format: scriptFormat,
      act,
      title: `${maker}: ${isFounding ? 'device roots' : 'opening of the vault'}`,
    },
    ...{ environment, maker, publicUrl, ...shares },
    people: [
      { role: 'administrator', name: 'Administrator 1' },
      ...custodians,
      { role: 'witness', name: 'Witness 1' },
      { role: 'auditor', name: 'Auditor 1' },
    ],
    ...{ roots, issue, links: [], lists, steps },
  }
  return `${JSON.stringify(document, null, 2)}\n`
}
