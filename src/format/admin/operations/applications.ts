// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { id, instant, name, paging, reason } from '../fields.ts'
import { operation } from '../operation.ts'
import { applicationView, certificateView, eventView } from '../views.ts'

const application = id('app').describe('the application')
const validForHours = z
  .int()
  .min(1)
  .max(720)
  .default(24)
  .describe('how many hours its code is good, up to 720')
const code = {
  code: z.string().describe('shown this once; only a hash of it is kept'),
  codeExpiresAt: instant,
}

export const applications = {
  'application.add': operation({
    kind: 'plain',
    method: 'POST',
    path: '/applications',
    creates: true,
    role: 'operator',
    input: z.strictObject({
      name: name
        .regex(/^[\x21-\x39\x3b-\x7e]{1,64}$/, 'not up to 64 visible characters without a colon')
        .describe('what it is called here and in its certificates; never given to another one'),
      profile: z
        .string()
        .min(1)
        .max(63)
        .describe(
          'server for who is connected to, client for who connects, or a profile of your own',
        ),
      names: z
        .array(z.string().min(1).max(253))
        .max(100)
        .default([])
        .describe('of a server: a DNS name or address under which it is reached'),
      products: z
        .array(id('prd'))
        .max(1000)
        .default([])
        .describe('the products whose devices it is for; none named: every product'),
      validForHours,
    }),
    output: z.object({ ...applicationView.shape, ...code }),
    summary: 'register an application, and make its enrolment code',
    help: 'For a broker, a server or a program of yours that devices meet. On its machine, "vitalsign-device enrol --role application" makes a key, gets the certificate with the code, and "vitalsign-device run" renews it from then on. The certificate bears the names given here and no others.',
    positional: ['name'],
    references: { products: 'product' },
    flags: { names: 'host', products: 'product', validForHours: 'hours' },
  }),

  'application.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/applications',
    role: 'auditor',
    input: z.strictObject({
      ...paging,
      state: z.enum(['active', 'removed']).optional().describe('only those in this state'),
      name: name.optional().describe('only the one of this name'),
    }),
    output: applicationView,
    summary: 'list the applications',
    help: 'Shows each broker, server and program that has or had an identity of its own here.',
  }),

  'application.show': operation({
    kind: 'plain',
    method: 'GET',
    path: '/applications/:application',
    role: 'auditor',
    input: z.strictObject({ application }),
    output: z.object({
      ...applicationView.shape,
      certificates: z.array(certificateView),
      events: z.array(eventView),
    }),
    summary: 'show an application and what happened to it',
    help: 'Shows its latest 100 certificates, the newest first, and its latest 100 events.',
    positional: ['application'],
    references: { application: 'application' },
  }),

  'application.code': operation({
    kind: 'plain',
    method: 'POST',
    path: '/applications/:application/code',
    creates: true,
    role: 'operator',
    input: z.strictObject({ application, validForHours }),
    output: z.object({ id: id('app'), name: z.string(), ...code }),
    summary: 'make a new enrolment code for an application',
    help: 'For one that lost its key, or whose certificate ended unrenewed. The code is good once and is shown only now; the one before it ends.',
    positional: ['application'],
    references: { application: 'application' },
    flags: { validForHours: 'hours' },
  }),

  'application.remove': operation({
    kind: 'plain',
    method: 'DELETE',
    path: '/applications/:application',
    role: 'operator',
    input: z.strictObject({ application, reason: reason.describe('why it ends') }),
    output: applicationView,
    summary: 'end an application and revoke its certificates',
    help: 'Its code ends with it. Its name stays known and is given to no other.',
    positional: ['application'],
    references: { application: 'application' },
  }),
} as const
