// SPDX-License-Identifier: Apache-2.0
/** What `vitalsign-device help` says. Each text ends with a line that can be pasted. */
export const overview = `vitalsign-device: the identity of a device or an application, from enrolment code to renewal

  enrol       get this device, or an application, its identity with an enrolment code
  renew       renew the identity if it is due
  run         keep the identity renewed, for as long as the device runs
  show        show the identity; needs no network
  verify      show the identity to the server, and tell what it says
  endorse     print the key by which the server can expect this device's TPM
  firmware    say whether this device believes an update, and by what
  test-noise  run the start-up tests on a raw source of noise
  help        say more about one command: vitalsign-device help enrol

Every command takes
  --state DIR   where the identity lives (./vitalsign-device; files only its owner can read)
  --json        answer in JSON, for programs

Exit status: 0 done, 1 refused, 2 wrong use, 3 broken.
`

export const helpOf = {
  enrol: `vitalsign-device enrol: get this device its identity, with an enrolment code

  --server https://HOST:PORT   the server's address for devices
  --serial SERIAL              the device's serial, as the server expects it
  --root FINGERPRINT           SHA-256 of the server's root certificate; the server printed it
  --code-file FILE             a file that holds the enrolment code; - reads it from standard input
                               without this, the code is asked for at the terminal
  --label LABEL                the entrance, if the product has more than one
  --role application           the identity is that of a broker, a server or a program that devices meet,
                               and not of this device; with --name in the place of --serial
  --name NAME                  the name under which the application was registered
  --publish DIR                give the identity to programs: DIR/key.pem, cert.pem, chain.pem (what to
                               show), anchors.pem (whom to believe), all changed in one step
  --key-group-reads            the group of DIR may read the key, too; else this user alone
  --reload-pid-file FILE       tell the process whose id is in FILE by SIGHUP that they changed
  --on-renewed "COMMAND WORD"  or run this command; no shell reads it, its words are parted by blanks
  --birth                      first a birth identity from entrance LABEL-birth, then the
                               working identity with that: the device can then come back by itself
                               after its working identity expired
  --key-algorithm NAME         p-256 (default), p-384, p-521, ed25519, rsa-3072, ml-dsa-65 ...
  --tpm WHERE                  make the keys in a TPM, and have the server prove that:
                               device:/dev/tpmrm0, swtpm:/PATH.sock or swtpm:HOST:PORT;
                               a code is needed only where the server does not know the TPM yet
  --tpm-endorsement NAME       which endorsement key to show (the first that has a certificate)
  --noise FILE                 a raw source of noise (/dev/hwrng, a driver's raw mode): it is tested before
                               each key, and no key is made after a failure; see help test-noise
  --on-noise-failure "COMMAND" run this command then, with the code of the fault as its last word
  --firmware VERSION           what this device runs, such as "pump-os 4.2.1"; it is told to the server
  --firmware-file FILE         or the file that says it, read before each key (/etc/os-release)
  --again                      replace the working identity in use; it stays until the new one works
  --once                       give up at the first obstacle instead of trying again

A code is never given on the command line: others could read it there.

  vitalsign-device enrol --server https://pki.example.com:8443 --serial PUMP-0001 \\
    --root 5F:1B:...:9A --code-file ./code
  vitalsign-device enrol --server https://pki.example.com:8443 --role application --name broker \\
    --root 5F:1B:...:9A --code-file ./code --publish /etc/mosquitto/identity \\
    --reload-pid-file /run/mosquitto.pid
`,
  renew: `vitalsign-device renew: renew the identity if it is due

  --now      renew although nothing is due
  --once     give up at the first obstacle instead of trying again

Due is after two thirds of the identity's life, or when the server says so. The new identity is used
only after it worked in a real connection; until then, and if power fails, the old one stays.

  vitalsign-device renew
`,
  run: `vitalsign-device run: keep the identity renewed, for as long as the device runs

  --once     one pass, then end: for a timer instead of a service

It looks once a day, renews what is due, comes back through the birth identity where the working one
is not accepted any more, and tries again after growing pauses (at most an hour) whatever happens.

  vitalsign-device run --state /var/lib/vitalsign-device
`,
  show: `vitalsign-device show: show the identity; needs no network

  vitalsign-device show
`,
  verify: `vitalsign-device verify: show the identity to the server, and tell what it says

  vitalsign-device verify
`,
  endorse: `vitalsign-device endorse: print the key by which the server can expect this device's TPM

  --tpm WHERE                  device:/dev/tpmrm0, swtpm:/PATH.sock or swtpm:HOST:PORT
  --tpm-endorsement NAME       which endorsement key (the first that has a certificate)

What is printed is the certificate of the TPM's maker, or the bare key of a TPM that came without one. Give
it to the server: vitalsign device endorse SERIAL --ek FILE. Nothing is kept in the TPM or in files.

  vitalsign-device endorse --tpm device:/dev/tpmrm0 > ek.pem
`,
  'test-noise': `vitalsign-device test-noise: run the start-up tests on a raw source of noise

  --noise FILE                 a character device, a pipe or a file with raw samples, not yet conditioned
  --noise-width BITS           the width of a sample, 1 to 8 (8); of a sample of one octet the rest is 0
  --noise-entropy BITS         bits of entropy that its maker claims of each sample (1; of one bit 0.5)
  --noise-alpha N              a sound source fails a test once in 2 to the N, 20 to 40 (30)
  --noise-samples N            consecutive samples that are tested, from 1024 (1024)
  --noise-sample-octets N      octets that stand for a sample, 1 to 8 (1); the first of them is tested

The tests are those of SP 800-90B section 4.4, and one for patterns that come again. What is read is
forgotten. A source that passes is not thereby good: "vitalsign entropy assess" says more, in the lab.

  vitalsign-device test-noise --noise /dev/hwrng
`,
  firmware: `vitalsign-device firmware: say whether this device believes an update, and by what

  firmware trust               tell the device whom it believes
    --key FILE                   a public key that signs updates (PEM); again for each further one
    --roots FILE                 roots that the signers' certificates lead to (PEM)
    --stamp-roots FILE           roots of the time-stamps that count (PEM)
    --status FILE                the status file that says who is revoked; none goes back
    --purpose WORD               what the signer has to be for: email-and-code (the first time), email,
                                 code, update-package, any
    --environment WORD           production (the first time), test or trial
    --product NAME --hardware NAME
                                 what the device is, where an update says what it is for
    --both                       take nothing without a classical and a post-quantum signature
    --no-counter                 keep no counter, for forms that say no security version
  firmware verify FILE         say whether the device would believe it; needs no network
    --form FORM                  which form it is, where what is in it does not say
    --beside FILE                of a signature that stands beside what it signs: what was signed
    --install                    note it: it is about to be installed
  firmware confirm             what was noted runs and is well: nothing older is believed from now on
  firmware show                show what the device believes updates by
  firmware report              tell the server what the device runs and believes
    --firmware VERSION           what it runs, such as "pump-os 4.2.1"

Without keys and roots of its own the device believes the roots of its enrolment. The counter is raised
by "confirm" alone, and never falls. A clock that stands before what the device has seen counts for
nothing: then the time that was signed counts.

  vitalsign-device firmware verify update.swu --install
`,
} as const

export type CommandName = keyof typeof helpOf

export function isCommandName(word: string): word is CommandName {
  return Object.hasOwn(helpOf, word)
}
