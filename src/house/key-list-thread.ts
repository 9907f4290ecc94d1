// SPDX-License-Identifier: Apache-2.0
/** A thread that makes the list of small and simple private keys, once, and ends. */
import { workerData } from 'node:worker_threads'
import { writeKeyList } from '#edge/key-lists/write-key-list.ts'
import { makeScalarList, scalarListName } from '#trust/weak-keys/scalars/scalar-list.ts'

const { directory } = workerData as { readonly directory: string }
const { head, entries } = makeScalarList()
await writeKeyList(directory, scalarListName, [head, entries])
