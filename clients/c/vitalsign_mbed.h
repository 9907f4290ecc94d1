/* SPDX-License-Identifier: Apache-2.0 */
/* Where Mbed TLS 2.28 and 3.x differ, and which parts of it are used. */
#ifndef VITALSIGN_MBED_H
#define VITALSIGN_MBED_H

#include <mbedtls/version.h>

#include <mbedtls/asn1write.h>
#include <mbedtls/ecp.h>
#include <mbedtls/oid.h>
#include <mbedtls/pk.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/rsa.h>
#include <mbedtls/sha256.h>
#include <mbedtls/sha512.h>
#include <mbedtls/x509_crt.h>

#if MBEDTLS_VERSION_NUMBER >= 0x03000000
#define vs_sha256_starts(context) mbedtls_sha256_starts(context, 0)
#define vs_sha256_update mbedtls_sha256_update
#define vs_sha256_finish mbedtls_sha256_finish
#define vs_sha512_starts mbedtls_sha512_starts
#define vs_sha512_update mbedtls_sha512_update
#define vs_sha512_finish mbedtls_sha512_finish
#define vs_pk_sign(key, md, hash, size, out, room, made, random, context) \
  mbedtls_pk_sign(key, md, hash, size, out, room, made, random, context)
#define vs_pk_parse_key(key, der, size, random, context) mbedtls_pk_parse_key(key, der, size, NULL, 0, random, context)
#else
#define vs_sha256_starts(context) mbedtls_sha256_starts_ret(context, 0)
#define vs_sha256_update mbedtls_sha256_update_ret
#define vs_sha256_finish mbedtls_sha256_finish_ret
#define vs_sha512_starts mbedtls_sha512_starts_ret
#define vs_sha512_update mbedtls_sha512_update_ret
#define vs_sha512_finish mbedtls_sha512_finish_ret
#define vs_pk_sign(key, md, hash, size, out, room, made, random, context) \
  ((void)(room), mbedtls_pk_sign(key, md, hash, size, out, made, random, context))
#define vs_pk_parse_key(key, der, size, random, context) \
  ((void)(random), (void)(context), mbedtls_pk_parse_key(key, der, size, NULL, 0))
#endif

#endif
