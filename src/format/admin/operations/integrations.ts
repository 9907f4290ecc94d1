// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { id, instant, name, paging } from '../fields.ts'
import { operation } from '../operation.ts'

const integration = name.describe('the name of the integration')
const file = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'not the name of a file alone')
  .optional()

/** A place where sessions of devices live that are to end with their trust. */
export const integrationView = z.object({
  id: id('itg'),
  version: z.int().min(1),
  name: z.string(),
  kind: z.enum(['mosquitto', 'webhook']),
  address: z.string(),
  settings: z.record(z.string(), z.string()),
  state: z.enum(['active', 'removed']),
  /** Enforcements that it has not confirmed, counted to a thousand. */
  open: z.int(),
  givenUp: z.int(),
  seenAt: instant.nullable(),
  /** Why it does not answer or confirm. */
  trouble: z.string().nullable(),
  troubledSince: instant.nullable(),
  createdAt: instant,
  createdBy: z.string(),
})

/** One act, carried out at one integration. */
export const enforcementView = z.object({
  id: id('enf'),
  integration: id('itg'),
  integrationName: z.string(),
  /** Null: it brings the integration up to date. */
  revocation: id('rvc').nullable(),
  owner: z.string().nullable(),
  act: z.enum(['end', 'restore']),
  state: z.enum(['waiting', 'failed', 'confirmed', 'given-up']),
  tries: z.int(),
  nextAt: instant,
  owners: z.int(),
  sessionsEnded: z.int(),
  /** False: at least so many sessions ended; how many in all was not told. */
  sessionsKnown: z.boolean(),
  lastError: z.string().nullable(),
  createdAt: instant,
  confirmedAt: instant.nullable(),
})

const booked = z.object({ name: z.string(), enforcements: z.int() })

export const integrations = {
  'integration.add': operation({
    kind: 'plain',
    method: 'POST',
    path: '/integrations',
    creates: true,
    role: 'administrator',
    input: z.strictObject({
      name: name.describe('a name for it, never given to another one later'),
      kind: z
        .enum(['mosquitto', 'webhook'])
        .describe('a Mosquitto broker, or a program that is called'),
      address: z
        .string()
        .min(3)
        .max(500)
        .regex(/^[\x21-\x7e]+$/, 'not printable ASCII without blanks')
        .describe('mqtts://HOST:PORT of the broker, or the https:// address of the program'),
      identity: z
        .enum(['common-name', 'subject'])
        .optional()
        .describe(
          'for mosquitto: what of a certificate is its user name there; the common name if left out',
        ),
      certificateFile: file.describe(
        'for mosquitto: the file with the certificate that administers it, in the directory integrations of the data directory',
      ),
      keyFile: file.describe('for mosquitto: the file with the key of that certificate'),
      rootsFile: file.describe(
        'the file with the roots by which it is known; those of this machine if left out',
      ),
      user: name
        .optional()
        .describe('for mosquitto: the user that administers it, without a certificate'),
      passwordFile: file.describe('for mosquitto: the file with the password of that user'),
    }),
    output: integrationView,
    summary: 'end sessions at a broker or program from now on',
    help: 'When trust in a device ends, it is told at once, ends the sessions of that device alone, and its answer is kept as proof. It is first told of all that has ended before. Files are names in the directory integrations of the data directory.',
    positional: ['name', 'kind', 'address'],
    flags: { user: 'broker-user' },
  }),

  'integration.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/integrations',
    role: 'auditor',
    input: z.strictObject({ ...paging }),
    output: integrationView,
    summary: 'list where sessions end with their trust',
    help: 'Shows for each what it has not confirmed, and why it does not answer, if so.',
  }),

  'integration.show': operation({
    kind: 'plain',
    method: 'GET',
    path: '/integrations/:integration',
    role: 'auditor',
    input: z.strictObject({ integration }),
    output: integrationView,
    summary: 'show an integration',
    help: 'Shows what was registered, never a secret; one that was removed as well.',
    positional: ['integration'],
  }),

  'integration.test': operation({
    kind: 'plain',
    method: 'POST',
    path: '/integrations/:integration/test',
    role: 'operator',
    input: z.strictObject({ integration }),
    output: z.object({
      name: z.string(),
      answers: z.boolean(),
      /** What it says of itself. */
      says: z.record(z.string(), z.string()),
      trouble: z.string().nullable(),
    }),
    summary: 'reach an integration and show whether it would obey',
    help: 'Ends no session. For a broker it shows whether it tells how many sessions ended.',
    positional: ['integration'],
  }),

  'integration.retry': operation({
    kind: 'plain',
    method: 'POST',
    path: '/integrations/:integration/retry',
    role: 'operator',
    input: z.strictObject({ integration }),
    output: booked,
    summary: 'try at once what failed at an integration',
    help: 'Also what was given up. Without it what failed is tried again by itself, after five minutes at the latest.',
    positional: ['integration'],
  }),

  'integration.sync': operation({
    kind: 'plain',
    method: 'POST',
    path: '/integrations/:integration/sync',
    role: 'operator',
    input: z.strictObject({ integration }),
    output: booked,
    summary: 'tell an integration anew of all that has ended',
    help: 'For a broker that was set up anew or came back from a backup. Devices that have a good certificate beside an ended one connect again.',
    positional: ['integration'],
  }),

  'integration.remove': operation({
    kind: 'plain',
    method: 'DELETE',
    path: '/integrations/:integration',
    role: 'administrator',
    input: z.strictObject({ integration }),
    output: integrationView,
    summary: 'end no sessions at an integration any more',
    help: 'Who is barred there stays barred. What it has not confirmed is given up.',
    positional: ['integration'],
  }),

  'enforcement.list': operation({
    kind: 'list',
    method: 'GET',
    path: '/enforcements',
    role: 'auditor',
    input: z.strictObject({
      ...paging,
      integration: name.optional().describe('only at the integration of this name'),
      revocation: id('rvc').optional().describe('only of this revocation'),
      state: z
        .enum(['waiting', 'failed', 'confirmed', 'given-up'])
        .optional()
        .describe('only in this state'),
    }),
    output: enforcementView,
    summary: 'list what integrations were told, and confirmed',
    help: 'The newest first: for each act and each integration when it was confirmed, for how many devices and others, and how many sessions ended.',
  }),
} as const
