// SPDX-License-Identifier: Apache-2.0
import { own } from './argument.ts'
import type { OfflineWords } from './offline-command.ts'

const files = { kind: 'list', placeholder: 'FILE' } as const

/** What a build does at its end, in one command: an ID token is good for one. */
export const deliverCommand: OfflineWords = {
  summary: 'hand in what a build made, as one release',
  help: 'Begins the release, or goes on with a draft of the same version that an earlier run of the build left; uploads and attaches what is new, has the server scan it, and submits it; where something was found it stays a draft, and the exit status is 1. The answer of --json has the release, the digest of its manifest, which people approve next, and the scans with what was found. Nothing is approved or signed by it.',
  arguments: [
    own('product', 'the product, by its name or id', {
      ...{ kind: 'text', how: 'position', required: true, placeholder: 'PRODUCT' },
    }),
    own('firmwareVersion', 'the version of the firmware, as devices say it', {
      ...{ kind: 'text', how: 'position', required: true, placeholder: 'VERSION' },
    }),
    own('artefact', 'what devices are to get', {
      ...{ ...files, required: true },
    }),
    own('securityVersion', 'what devices compare with their counter', {
      ...{ kind: 'number', required: true, placeholder: 'N' },
    }),
    own('kind', 'what it is', {
      ...{ kind: 'choice', choices: ['security', 'feature', 'configuration'] },
      ...{ fallback: 'feature', placeholder: 'KIND' },
    }),
    own('channel', 'which devices it is for', {
      ...{ kind: 'text', fallback: 'stable', placeholder: 'CHANNEL' },
    }),
    own('supportUntil', 'until when devices are to be able to check it', {
      ...{ kind: 'text', placeholder: 'TIME' },
    }),
    own('sbom', 'the list of what it is made of, one for each artefact', files),
    own('vex', 'which known holes matter in it', files),
    own('provenance', 'how it was built, signed by who built it', files),
    own('draft', 'leave it a draft: somebody else submits it', { kind: 'boolean' }),
  ],
}
