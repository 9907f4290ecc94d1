// SPDX-License-Identifier: Apache-2.0
/** A PKCS #11 module that is SoftHSM but for what a test bends, as a faulty one or one that was tampered with. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryDirectory } from './house.ts'
import { softHsm } from './soft-token.ts'

export const noCompiler =
  spawnSync('gcc', ['--version']).error === undefined ? false : 'gcc is missing'

/** What is done after SoftHSM did it: C statements, in which `result` is its CKR. */
export interface Bent {
  /** With `signature` and `*length`. */
  readonly sign?: string
  readonly login?: string
  /** With `flags` of CK_TOKEN_INFO. */
  readonly info?: string
}

/** The path of a module that does so. */
export function bentModule({ sign = '', login = '', info = '' }: Bent): string {
  const place = temporaryDirectory()
  const [source, module] = [join(place, 'bent.c'), join(place, 'bent.so')]
  writeFileSync(source, sourceOf(sign, login, info))
  const built = spawnSync('gcc', ['-shared', '-fPIC', '-o', module, source], { encoding: 'utf8' })
  assert.equal(built.status, 0, built.stderr)
  return module
}

/** CK_FUNCTION_LIST, PKCS #11 2.40 section 3.4: a version, then 68 functions; C_GetTokenInfo is number 6, C_Login 18, C_Sign 43. */
function sourceOf(sign: string, login: string, info: string): string {
  return `
#include <dlfcn.h>
#include <stddef.h>
#include <unistd.h>
typedef unsigned long word;
static struct { word version; void *functions[68]; } own, *real;
static word bent_sign(word session, unsigned char *data, word size, unsigned char *signature, word *length) {
  word (*its)(word, unsigned char *, word, unsigned char *, word *) = real->functions[43];
  word result = its(session, data, size, signature, length);
  ${sign}
  return result;
}
static word bent_login(word session, word who, unsigned char *pin, word size) {
  word (*its)(word, word, unsigned char *, word) = real->functions[18];
  word result = its(session, who, pin, size);
  ${login}
  return result;
}
static word bent_info(word slot, unsigned char *told) {
  word (*its)(word, unsigned char *) = real->functions[6];
  word result = its(slot, told);
  // After label, manufacturer, model and serial.
  word *flags = (word *)(told + 96);
  ${info}
  return result;
}
word C_GetFunctionList(void **list) {
  void *library = dlopen("${softHsm}", RTLD_NOW);
  word (*its)(void **) = dlsym(library, "C_GetFunctionList");
  word result = its((void **)&real);
  own = *real;
  own.functions[6] = bent_info;
  own.functions[18] = bent_login;
  own.functions[43] = bent_sign;
  *list = &own;
  return result;
}
`
}
