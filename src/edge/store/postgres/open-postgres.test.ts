// SPDX-License-Identifier: Apache-2.0
import { test } from 'node:test'
import { postgresPlace, withoutPostgres } from '../../../../test/support/postgres.ts'
import { storeContract } from '../contract/contract.ts'
import { openPostgresStore } from './open-postgres.ts'

if (withoutPostgres) test('postgres: the contract of every store', { skip: withoutPostgres })
else
  storeContract('postgres', async () => {
    const place = await postgresPlace()
    return {
      open: (ports) => openPostgresStore(place.settings, ports),
      remove: () => place.remove(),
    }
  })
