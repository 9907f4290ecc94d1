/* SPDX-License-Identifier: Apache-2.0 */
#include "vitalsign_mbed.h"

#include <string.h>

/* {3: "application/vnd.vitalsign.outer-manifest+cbor"} */
#define BODY_PROTECTED "\xa1\x03\x78\x2d" "application/vnd.vitalsign.outer-manifest+cbor"
enum { time_stamp_label = 270, token_most = 16384 };

static const uint64_t seconds_most = 253402300799; /* the last second of year 9999 */

/* A signature with what its own header says, and the octets of that header. */
struct signature {
  int64_t algorithm;
  struct vs_span key_id, header, octets;
};

/* A map that begins with a key, whose place in the order is its number. */
static void key(struct vs_cbor *from, uint64_t number) { vs_cbor_expect(from, VS_CBOR_UNSIGNED, number); }

/* Ascending by octets, none twice: `before` is empty at the first. */
static void ascend(struct vs_cbor *from, struct vs_span *before, struct vs_span text) {
  size_t common = before->size < text.size ? before->size : text.size;
  if (from->wrong != VS_OK) return;
  if (common > 0) {
    int order = memcmp(before->bytes, text.bytes, common);
    if (order > 0 || (order == 0 && before->size >= text.size)) vs_cbor_fail(from, VS_ARTEFACT_MALFORMED);
  }
  *before = text;
}

struct file {
  struct vs_span name, digest;
  uint64_t octets;
};

static struct file read_file(struct vs_cbor *from) {
  struct file file;
  vs_cbor_expect(from, VS_CBOR_MAP, 3);
  key(from, 1);
  file.name = vs_cbor_text(from, 128);
  key(from, 2);
  file.octets = vs_cbor_head(from, VS_CBOR_UNSIGNED, (uint64_t)-1);
  key(from, 3);
  file.digest = vs_cbor_bytes(from, 32, 32);
  return file;
}

/* It can lead nowhere but to a file beside the manifest. */
static int is_plain_name(struct vs_span name) {
  for (size_t i = 0; i < name.size; i++)
    if (name.bytes[i] == '/' || name.bytes[i] == '\\') return 0;
  return name.size > 2 || memcmp(name.bytes, "..", name.size) != 0;
}

/* The octets of `count` items, which `one` reads and checks. */
static struct vs_span items(struct vs_cbor *from, size_t count, void (*one)(struct vs_cbor *, struct vs_span *before)) {
  struct vs_span all = from->rest, before = {from->rest.bytes, 0};
  for (; count > 0 && from->wrong == VS_OK; count--) one(from, &before);
  all.size -= from->rest.size;
  return all;
}

static void check_file(struct vs_cbor *from, struct vs_span *before) {
  struct file file = read_file(from);
  if (from->wrong == VS_OK && !is_plain_name(file.name)) vs_cbor_fail(from, VS_ARTEFACT_MALFORMED);
  ascend(from, before, file.name);
}

static void check_hardware(struct vs_cbor *from, struct vs_span *before) { ascend(from, before, vs_cbor_text(from, 64)); }

static void read_policy(struct vs_cbor *from, struct vs_manifest *to) {
  to->policy_count = (size_t)vs_cbor_head(from, VS_CBOR_ARRAY, VS_POLICY_MOST);
  if (to->policy_count == 0) vs_cbor_fail(from, VS_ARTEFACT_MALFORMED);
  for (size_t i = 0; i < to->policy_count; i++) {
    vs_cbor_expect(from, VS_CBOR_ARRAY, 2);
    to->policy[i].algorithm = vs_cbor_integer(from);
    to->policy[i].key_id = vs_cbor_bytes(from, 32, 32);
    for (size_t j = 0; j < i && from->wrong == VS_OK; j++)
      if (vs_same(to->policy[i].key_id, to->policy[j].key_id)) vs_cbor_fail(from, VS_ARTEFACT_MALFORMED);
  }
}

static void read_manifest(struct vs_cbor *from, struct vs_manifest *to) {
  vs_cbor_expect(from, VS_CBOR_MAP, 10);
  key(from, 1);
  vs_cbor_expect(from, VS_CBOR_UNSIGNED, 1);
  key(from, 2);
  to->product = vs_cbor_text(from, 128);
  key(from, 3);
  to->version = vs_cbor_text(from, 64);
  key(from, 4);
  to->security_version = (uint32_t)vs_cbor_head(from, VS_CBOR_UNSIGNED, 0xffffffff);
  key(from, 5);
  to->environment = (enum vs_environment)vs_cbor_head(from, VS_CBOR_UNSIGNED, VS_PRODUCTION);
  key(from, 6);
  to->kind = (unsigned)vs_cbor_head(from, VS_CBOR_UNSIGNED, 2);
  key(from, 7);
  to->made_at = vs_cbor_head(from, VS_CBOR_UNSIGNED, seconds_most);
  key(from, 8);
  to->file_count = (size_t)vs_cbor_head(from, VS_CBOR_ARRAY, 64);
  if (to->file_count == 0) vs_cbor_fail(from, VS_ARTEFACT_MALFORMED);
  to->files = items(from, to->file_count, check_file);
  key(from, 9);
  read_policy(from, to);
  key(from, 10);
  to->hardware_count = (size_t)vs_cbor_head(from, VS_CBOR_ARRAY, 16);
  to->hardware = items(from, to->hardware_count, check_hardware);
}

static void read_signature(struct vs_cbor *from, struct signature *to) {
  struct vs_cbor inner;
  vs_cbor_expect(from, VS_CBOR_ARRAY, 3);
  inner = vs_cbor_inside(from, &to->header);
  vs_cbor_expect(&inner, VS_CBOR_MAP, 2);
  key(&inner, 1);
  to->algorithm = vs_cbor_integer(&inner);
  key(&inner, 4);
  to->key_id = vs_cbor_bytes(&inner, 32, 32);
  vs_cbor_leave(from, &inner);
  vs_cbor_expect(from, VS_CBOR_MAP, 0);
  to->octets = vs_cbor_bytes(from, 0, VS_MANIFEST_MOST);
}

/* COSE_Sign with its payload inside; of more signatures than a policy can have the first are kept, and all counted. */
static enum vs_result read_envelope(struct vs_span envelope, struct vs_manifest *to, struct vs_span *payload, struct signature *signatures,
                                    uint64_t *count) {
  struct vs_cbor from = {envelope, envelope.size > VS_MANIFEST_MOST ? VS_ARTEFACT_MALFORMED : VS_OK}, inner;
  struct signature beyond;
  vs_cbor_expect(&from, VS_CBOR_TAG, 98);
  vs_cbor_expect(&from, VS_CBOR_ARRAY, 4);
  if (!vs_is(vs_cbor_bytes(&from, 0, VS_MANIFEST_MOST), BODY_PROTECTED)) vs_cbor_fail(&from, VS_ARTEFACT_MALFORMED);
  if (vs_cbor_head(&from, VS_CBOR_MAP, 1) == 1) {
    key(&from, time_stamp_label);
    (void)vs_cbor_bytes(&from, 0, token_most);
  }
  inner = vs_cbor_inside(&from, payload);
  read_manifest(&inner, to);
  vs_cbor_leave(&from, &inner);
  *count = vs_cbor_head(&from, VS_CBOR_ARRAY, VS_MANIFEST_MOST);
  for (uint64_t i = 0; i < *count && from.wrong == VS_OK; i++) read_signature(&from, i < VS_POLICY_MOST ? &signatures[i] : &beyond);
  vs_cbor_end(&from);
  return from.wrong;
}

/*
 * The octets of Sig_structure (RFC 9052 section 4.4), in pieces. A header has its key's 32 octets and less than 256 in all; a
 * payload fits into an envelope of VS_MANIFEST_MOST.
 */
enum { pieces_count = 5 };

static void pieces_of(struct vs_span pieces[pieces_count], uint8_t heads[6], struct vs_span header, struct vs_span payload) {
  static const char begin[] = "\x85\x69" "Signature" "\x58\x31" BODY_PROTECTED;
  size_t is_long = payload.size > 0xff;
  heads[0] = 0x58;
  heads[1] = (uint8_t)header.size;
  heads[2] = 0x40; /* no external data */
  heads[3] = is_long ? 0x59 : 0x58;
  vs_put_number(heads + 4, 1 + is_long, payload.size);
  pieces[0] = (struct vs_span){(const uint8_t *)begin, sizeof begin - 1};
  pieces[1] = (struct vs_span){heads, 2};
  pieces[2] = header;
  pieces[3] = (struct vs_span){heads + 2, 3 + is_long};
  pieces[4] = payload;
}

static enum vs_key_kind kind_of(int64_t algorithm) {
  switch (algorithm) {
    case -7: case -9: return VS_KEY_P256;
    case -35: case -51: return VS_KEY_P384;
    case -8: case -19: return VS_KEY_ED25519;
    case -48: return VS_KEY_ML_DSA_44;
    case -49: return VS_KEY_ML_DSA_65;
    case -50: return VS_KEY_ML_DSA_87;
    default: return VS_KEY_OTHER;
  }
}

static enum vs_result check_row(const struct signature *one, struct vs_span spki, struct vs_span payload) {
  struct vs_span bits, pieces[pieces_count];
  uint8_t heads[6], value[64];
  enum vs_key_kind kind = kind_of(one->algorithm);
  if (kind == VS_KEY_OTHER) return VS_ALGORITHM_UNKNOWN;
  if (vs_read_signer(spki, &bits) != kind) return VS_SIGNATURE_WRONG;
  pieces_of(pieces, heads, one->header, payload);
  if (kind == VS_KEY_ED25519) return VS_ALGORITHM_NOT_BUILT_IN;
  if (kind >= VS_KEY_ML_DSA_44) {
#if defined(VITALSIGN_ML_DSA)
    unsigned strength = kind == VS_KEY_ML_DSA_44 ? 44 : kind == VS_KEY_ML_DSA_65 ? 65 : 87;
    return vitalsign_ml_dsa_verify(strength, bits, pieces, pieces_count, one->octets) == 1 ? VS_OK : VS_SIGNATURE_WRONG;
#else
    return VS_ALGORITHM_NOT_BUILT_IN;
#endif
  }
  vs_digest(kind == VS_KEY_P384 ? 384 : 256, pieces, pieces_count, value);
  return vs_raw_signature_holds(spki, kind, value, one->octets) ? VS_OK : VS_SIGNATURE_WRONG;
}

/* Every row's key is one that the device knows, and its signature holds. */
static enum vs_result check_rows(const struct vs_manifest *manifest, const struct signature *signatures, struct vs_span payload,
                                 const struct vs_trust *trust) {
  uint8_t id[32];
  for (size_t i = 0; i < manifest->policy_count; i++) {
    enum vs_result result = VS_SIGNER_UNKNOWN;
    for (size_t j = 0; j < trust->key_count && result == VS_SIGNER_UNKNOWN; j++) {
      vs_digest(256, &trust->keys[j], 1, id);
      if (memcmp(id, manifest->policy[i].key_id.bytes, 32) == 0) result = check_row(&signatures[i], trust->keys[j], payload);
    }
    if (result != VS_OK) return result;
  }
  return VS_OK;
}

static int has_both(const struct vs_manifest *manifest) {
  int classical = 0, post_quantum = 0;
  for (size_t i = 0; i < manifest->policy_count; i++) {
    enum vs_key_kind kind = kind_of(manifest->policy[i].algorithm);
    classical |= kind < VS_KEY_ML_DSA_44;
    post_quantum |= kind == VS_KEY_ML_DSA_65 || kind == VS_KEY_ML_DSA_87;
  }
  return classical && post_quantum;
}

static int is_for_hardware(const struct vs_manifest *manifest, const char *hardware) {
  struct vs_cbor from = {manifest->hardware, VS_OK};
  for (size_t i = 0; i < manifest->hardware_count; i++)
    if (vs_is(vs_cbor_text(&from, 64), hardware)) return 1;
  return manifest->hardware_count == 0;
}

enum vs_result vs_verify_manifest(struct vs_manifest *manifest, struct vs_span envelope, const struct vs_trust *trust) {
  struct signature signatures[VS_POLICY_MOST];
  struct vs_span payload;
  uint64_t count = 0;
  enum vs_result result;
  memset(manifest, 0, sizeof *manifest);
  memset(signatures, 0, sizeof signatures);
  result = read_envelope(envelope, manifest, &payload, signatures, &count);
  if (result != VS_OK) return result;
  if (count != manifest->policy_count) return VS_SIGNATURES_DIFFER;
  for (size_t i = 0; i < count; i++)
    if (signatures[i].algorithm != manifest->policy[i].algorithm || !vs_same(signatures[i].key_id, manifest->policy[i].key_id)) return VS_SIGNATURES_DIFFER;
  result = check_rows(manifest, signatures, payload, trust);
  if (result != VS_OK) return result;
  if (trust->demands_both && !has_both(manifest)) return VS_SIGNATURE_MISSING;
  if (trust->environment != VS_ANY_ENVIRONMENT && trust->environment != manifest->environment) return VS_ENVIRONMENT_WRONG;
  if (trust->product != NULL && !vs_is(manifest->product, trust->product)) return VS_HARDWARE_WRONG;
  if (trust->hardware != NULL && !is_for_hardware(manifest, trust->hardware)) return VS_HARDWARE_WRONG;
  return trust->has_counter && manifest->security_version < trust->counter ? VS_VERSION_LOWER : VS_OK;
}

enum vs_result vs_verify_file(const struct vs_manifest *manifest, const struct vs_source *source, uint8_t *piece, size_t piece_size) {
  struct vs_cbor from = {manifest->files, VS_OK};
  uint8_t value[64];
  enum vs_result result = vs_digest_source(source, 256, source->size, piece, piece_size, value);
  if (result != VS_OK) return result;
  for (size_t i = 0; i < manifest->file_count; i++) {
    struct file file = read_file(&from);
    if (from.wrong == VS_OK && file.octets == source->size && memcmp(file.digest.bytes, value, 32) == 0) return VS_OK;
  }
  return VS_DIGEST_WRONG;
}
