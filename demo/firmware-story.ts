// SPDX-License-Identifier: Apache-2.0
/** What happens in the demo of firmware, in its order. */
import { buildBoard, compilerNeeded } from './board.ts'
import { Chance } from './chance.ts'
import { judgeAll, refuseChanges, runOnABoard } from './firmware-devices.ts'
import { found } from './firmware-house.ts'
import { prove } from './firmware-proof.ts'
import { approveTheCleanOne, keepTheLeakOut, sign } from './firmware-release.ts'
import { missing } from './foreign.ts'
import { Scene } from './scene.ts'

/**
 * Lives it.
 *
 * @param seed where files are changed
 * @returns the page of the release
 * @throws Failed at the first thing that is not as it should be
 */
export async function live(directory: string, seed: number): Promise<string> {
  const lacking = missing(compilerNeeded)
  // The compiler works while people come in; what it says is heard where the board is needed.
  const board = lacking.length === 0 ? buildBoard(directory) : undefined
  board?.catch(() => {})
  const house = await found(new Scene(directory))
  await keepTheLeakOut(house)
  const release = await approveTheCleanOne(house)
  const files = await sign(house, release)
  await judgeAll(files)
  await refuseChanges(files, new Chance(seed), seed)
  await runOnABoard(house, files, board, lacking)
  return prove(house, release)
}
