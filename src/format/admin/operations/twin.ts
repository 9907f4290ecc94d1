// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { id } from '../fields.ts'
import { operation } from '../operation.ts'
import { authorityView } from '../views.ts'

export const twin = {
  'authority.twin': operation({
    kind: 'plain',
    method: 'POST',
    path: '/authorities/:authority/twin',
    creates: true,
    role: 'administrator',
    doors: ['local'],
    input: z.strictObject({
      authority: id('aut').describe('the issuing authority that the twin will stand beside'),
      keysIn: z
        .enum(['file', 'pkcs11', 'tpm'])
        .default('file')
        .describe('where its keys are made and stay; few modules can make them'),
    }),
    output: z.object({ root: authorityView, issuing: authorityView }),
    summary: 'make a twin that withstands quantum computers',
    help: 'Only on the machine itself. Its root gets a twin too, unless it has one. From then on a request is answered by the twin if its key withstands quantum computers, by the authority itself if not, and a device may hold an identity of each.',
    positional: ['authority'],
    references: { authority: 'authority' },
  }),
} as const
