// SPDX-License-Identifier: Apache-2.0
/** From a module's path to an open token; nowhere else is the library loaded. */
import { createRequire } from 'node:module'
import type * as pkcs11js from 'pkcs11js'
import { flag, returnValue, userRole } from './cryptoki.ts'
import { explained, firstLine } from './explained.ts'
import type { FindAnswer, FindQuestion } from './questions.ts'
import { verdictOf } from './return-values.ts'
import { Token } from './token.ts'
import { TokenFailure } from './token-failure.ts'

type Library = typeof pkcs11js
type Handle = pkcs11js.Handle

/** A token that is there. Nobody has logged in, and no PIN was needed to come so far. */
export interface FoundToken {
  readonly answer: FindAnswer
  /** Tries the PIN once. @throws TokenFailure */
  logIn(pin: string): Token
}

/** Loads the module and finds the token that is meant. @throws TokenFailure */
export function findToken(question: FindQuestion): FoundToken {
  const library = loadLibrary()
  const module = new library.PKCS11()
  return explained(library, () => {
    load(module, question.module)
    // Sessions sign on several threads; without this flag a module need not lock anything.
    module.C_Initialize({ flags: flag.libraryLocksWithTheSystem })
    const slot = findSlot(module, question)
    const { flags } = module.C_GetTokenInfo(slot)
    checkPinFlags(flags)
    return {
      answer: { wasRefused: (flags & flag.userPinCountLow) !== 0 },
      logIn: (pin) =>
        explained(library, () => {
          logIn(library, module, slot, pin)
          return new Token(library, module, slot, question.onThreads)
        }),
    }
  })
}

function loadLibrary(): Library {
  try {
    return createRequire(import.meta.url)('pkcs11js')
  } catch (error) {
    throw new TokenFailure(
      'library',
      `the library pkcs11js is not installed or was not built: "npm install" builds it where g++, make and python3 are (${firstLine(error)})`,
    )
  }
}

function load(module: pkcs11js.PKCS11, path: string): void {
  try {
    module.load(path)
  } catch (error) {
    // Whatever it is, it is of the loader: the library gives it no class of its own.
    throw new TokenFailure('library', `the module cannot be loaded: ${firstLine(error)}`)
  }
}

function findSlot(module: pkcs11js.PKCS11, { label, serial }: FindQuestion): Handle {
  const found = module.C_GetSlotList(true).filter((slot) => {
    const token = module.C_GetTokenInfo(slot)
    if ((token.flags & flag.tokenInitialized) === 0 || token.label.trim() !== label) return false
    return serial === undefined || token.serialNumber.trim() === serial
  })
  const [slot] = found
  const which = `a token labelled ${label}${serial === undefined ? '' : ` of serial ${serial}`}`
  if (slot === undefined) throw new TokenFailure('away', `${which} is not there`)
  if (found.length > 1)
    throw new TokenFailure(
      'away',
      `${found.length} tokens answer to "${which}": name the serial of yours with pkcs11-serial`,
    )
  return slot
}

/** No PIN is tried where one more wrong one would lock the token. */
function checkPinFlags(flags: number): void {
  if ((flags & flag.userPinLocked) !== 0)
    throw new TokenFailure(
      'pin',
      'the PIN of the token is locked: its security officer unlocks it, and it goes on by itself',
    )
  if ((flags & flag.userPinFinalTry) !== 0)
    throw new TokenFailure(
      'pin',
      'one try is left before the token locks its PIN, and it is left to a person: log in with another tool, and it goes on by itself',
    )
  if ((flags & flag.protectedAuthenticationPath) !== 0)
    throw new TokenFailure('pin', 'the token asks for its PIN on a pad of its own')
}

function logIn(library: Library, module: pkcs11js.PKCS11, slot: Handle, pin: string): void {
  // This session keeps the login: a token logs out with its last session.
  const session = module.C_OpenSession(slot, flag.serialSession)
  try {
    module.C_Login(session, userRole, pin)
  } catch (error) {
    if (!(error instanceof library.Pkcs11Error)) throw error
    if (error.code === returnValue.userAlreadyLoggedIn) return
    const isRefused = verdictOf(error.code) === 'pin'
    throw isRefused
      ? new TokenFailure('pin', `the token refuses the PIN: ${error.message}`)
      : new TokenFailure('away', `the login did not come to an end: ${error.message}`)
  }
}
