// SPDX-License-Identifier: Apache-2.0

import type { Refused } from '#core/refusal.ts'
import type { KeyAlgorithmName } from '#trust/algorithms.ts'
import { generateKey, type KeyPair } from '#trust/private-key.ts'
import { refuse } from '#trust/refusal.ts'

/** An RSA key takes up to seconds of a thread that signatures wait for too: a few at a time, and a short queue. */
const mostAtOnce = 2

/** Makes keys for devices, never more than a few at once. */
export class KeyWorkshop {
  #making = 0

  async make(algorithm: KeyAlgorithmName): Promise<KeyPair | Refused> {
    if (this.#making >= mostAtOnce)
      return refuse('busy', `${mostAtOnce} keys are being made at this moment; try again`)
    this.#making++
    try {
      return await generateKey(algorithm)
    } finally {
      this.#making--
    }
  }
}
