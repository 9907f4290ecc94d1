// SPDX-License-Identifier: Apache-2.0
/** Every way in which a device's work can break, and what to do. `passing`: the same may work later. */
export const deviceFaults = {
  'connection-cut': {
    passing: true,
    remedy: 'it is tried again; if it stays, look at the network',
  },
  'directory-held': {
    passing: false,
    remedy: 'another vitalsign-device works on this state directory; let it finish, or stop it',
  },
  'directory-unusable': {
    passing: false,
    remedy: 'is there room on the disk, and does the state directory belong to this user?',
  },
  'generator-not-ready': {
    passing: true,
    remedy:
      'it is tried again; if it stays, give the system a seed that it keeps over a start, or a hardware source',
  },
  'noise-conditioned': {
    passing: false,
    remedy:
      'name the source itself (--noise /dev/hwrng), or none: then nothing is tested, and said so',
  },
  'noise-ended': {
    passing: true,
    remedy:
      'no key is made: a source has to give all the samples that are tested; look what the file is',
  },
  'noise-repeated': {
    passing: true,
    remedy: 'no key is made: a source gives other samples each time; look what the file is',
  },
  'noise-silent': {
    passing: true,
    remedy:
      'no key is made; it is tried again: if it stays, the source hangs, or is too slow for its samples',
  },
  'noise-unhealthy': {
    passing: true,
    remedy:
      'no key is made; it is tried again: if it stays, this device has a broken random source and belongs into the hands of its maker',
  },
  'noise-unreachable': {
    passing: true,
    remedy: 'no key is made: is the source there, and may this user read it?',
  },
  'program-not-told': {
    passing: true,
    remedy:
      'the new identity is on disk and good; the program is told again at the next pass: look why it did not listen',
  },
  'server-unreachable': {
    passing: true,
    remedy: 'is the server running, and is the address right? look at the network and at DNS',
  },
  'state-damaged': {
    passing: false,
    remedy: 'restore the named file, or choose a fresh directory with --state and enrol again',
  },
  'tpm-answer-wrong': {
    passing: false,
    remedy: 'what stands between this device and its TPM changes or cuts what it says; look there',
  },
  'tpm-handle-taken': {
    passing: false,
    remedy:
      'look who uses the handle (tpm2_readpublic -c HANDLE); if nobody does, drop what is there (tpm2_evictcontrol -c HANDLE)',
  },
  'tpm-locked': {
    passing: false,
    remedy:
      'leave the TPM alone until its lockout ends, or have its owner end it (tpm2_dictionarylockout -c); no try helps meanwhile',
  },
  'tpm-refused': {
    passing: false,
    remedy:
      'the words above are the TPM’s: its owner may have set a password, or its memory be full',
  },
  'tpm-silent': {
    passing: true,
    remedy: 'it is tried again; if it stays, the TPM or its driver hangs: start the machine anew',
  },
  'tpm-unreachable': {
    passing: true,
    remedy: 'is there a TPM at this address, and may this user open it? on Linux: group tss',
  },
} as const satisfies Record<string, { passing: boolean; remedy: string }>

export type DeviceFaultCode = keyof typeof deviceFaults

/** A break: thrown. `message` is lower case, without full stop and without any secret. */
export class DeviceFault extends Error {
  override readonly name = 'DeviceFault'
  readonly code: DeviceFaultCode

  constructor(code: DeviceFaultCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }

  /** Whether the same act may succeed later without anybody's help. */
  get passing(): boolean {
    return deviceFaults[this.code].passing
  }

  get remedy(): string {
    return deviceFaults[this.code].remedy
  }
}

/** What an error says, lower case; its code where it says nothing, as when every address was refused. */
export function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  const code = 'code' in cause ? String(cause.code) : cause.name
  return (cause.message || code).toLowerCase()
}
