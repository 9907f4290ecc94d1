// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { certificateKind, deviceState, environment, id, instant, label, serial } from '../fields.ts'
import { operation } from '../operation.ts'

const wanted = (what: string) => `only if ${what}`

export const verification = {
  'certificate.verify': operation({
    kind: 'plain',
    method: 'POST',
    path: '/verify',
    role: 'verifier',
    ofTheMoment: true,
    input: z.strictObject({
      chain: z
        .string()
        .min(1)
        .max(131_072)
        .describe('what the peer showed: PEM, leaf first, or base64 of DER'),
      purpose: z
        .enum(['device', 'client', 'server'])
        .default('device')
        .describe('what it was shown for: by a device, by an application, by a server'),
      birth: z
        .boolean()
        .default(false)
        .describe('accept a birth certificate too, which is made only to enrol'),
      product: z
        .string()
        .min(1)
        .max(100)
        .optional()
        .describe(wanted('the device is of this product (its name or id)')),
      lot: label.optional().describe(wanted('the device is of this lot')),
      serial: serial.optional().describe(wanted('the device has this serial')),
      profile: z
        .string()
        .min(1)
        .max(63)
        .optional()
        .describe(wanted('it was issued by this profile')),
      environment: environment.optional().describe(wanted('it is of this environment')),
      host: z
        .string()
        .min(1)
        .max(253)
        .optional()
        .describe(wanted('this name or address stands in it, as a server was reached')),
      policy: z
        .string()
        .max(200)
        .regex(/^[0-2](\.\d+)+$/, 'not numbers with dots')
        .optional()
        .describe(wanted('it asserts this certificate policy (numbers with dots)')),
    }),
    output: z.object({
      trusted: z.boolean(),
      /** A word of docs/words.md; null if it is trusted. */
      reason: z.string().nullable(),
      because: z.string().nullable(),
      remedy: z.string().nullable(),
      /** What is known of it, trusted or not; null where nothing is. */
      certificate: id('crt').nullable(),
      kind: certificateKind.nullable(),
      /** The device, person or machine that it names, by id. */
      owner: z.string().nullable(),
      device: id('dev').nullable(),
      serial: z.string().nullable(),
      state: deviceState.nullable(),
      product: id('prd').nullable(),
      productName: z.string().nullable(),
      lot: z.string().nullable(),
      application: id('app').nullable(),
      applicationName: z.string().nullable(),
      subject: z.string().nullable(),
      profile: z.string().nullable(),
      authority: id('aut').nullable(),
      environment: environment.nullable(),
      /** Its last second. */
      until: instant.nullable(),
    }),
    summary: 'ask whether to believe a certificate',
    help: 'For applications, which ask with what a peer showed in TLS. It looks at the path to a root of this installation, the time, the purpose, the device, and at revocation in the ledger itself, not in a list. The answer says who it is, or why not. A machine of role verifier, and every application of kind client, may ask this and nothing else.',
    positional: ['chain'],
    files: ['chain'],
  }),
} as const
