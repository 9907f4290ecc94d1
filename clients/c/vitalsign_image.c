/* SPDX-License-Identifier: Apache-2.0 */
#include "vitalsign_mbed.h"

#include <string.h>

/* MCUboot, boot/bootutil/include/bootutil/image.h. All numbers are little-endian. */
enum { header_size = 32, flag_encrypted = 0x4 | 0x8, flag_packed = 0x200 | 0x400, flags_known = 0xf3c };
enum {
  type_key_hash = 0x01, type_key = 0x02, type_sha256 = 0x10, type_sha384 = 0x11, type_sha512 = 0x12, type_rsa2048 = 0x20,
  type_ecdsa = 0x22, type_rsa3072 = 0x23, type_ed25519 = 0x24, type_pure = 0x25, type_dependency = 0x40, type_counter = 0x50
};

static uint32_t number(const uint8_t *at, size_t octets) {
  uint32_t value = 0;
  while (octets-- > 0) value = value << 8 | at[octets];
  return value;
}

/* A trailer value (TLV), and where its octets are; those that every signature covers come first. */
struct value {
  uint16_t type, size;
  uint32_t at;
};

struct image {
  const struct vs_source *source;
  const struct vs_trust *trust;
  uint8_t *piece;
  size_t piece_size, guarded, count; /* of the values: covered by signatures, and all */
  uint32_t flags, covered;           /* octets from 0 that are signed */
  struct value values[VS_IMAGE_VALUES_MOST];
};

static enum vs_result read(const struct image *image, uint64_t at, uint8_t *to, size_t size) {
  if (size > image->source->size || at > image->source->size - size) return VS_TRUNCATED;
  return image->source->read(image->source->context, at, to, size) == 0 ? VS_OK : VS_SOURCE_BROKEN;
}

/* An area of values that begins at `*at`, which moves behind it. `stated`: what the header says of its size; 0: nothing. */
static enum vs_result read_area(struct image *image, uint64_t *at, unsigned magic, unsigned stated) {
  uint8_t head[4] = {0};
  uint64_t end;
  enum vs_result result = read(image, *at, head, 4);
  unsigned size = number(head + 2, 2);
  if (result != VS_OK) return result;
  if (number(head, 2) != magic || size < 4 || (stated > 0 && size != stated)) return VS_ARTEFACT_MALFORMED;
  end = *at + size;
  if (end > image->source->size) return VS_TRUNCATED;
  for (*at += 4; *at < end; image->count++) {
    struct value *value = &image->values[image->count];
    if (image->count == VS_IMAGE_VALUES_MOST) return VS_ARTEFACT_MALFORMED;
    if (end - *at < 4) return VS_TRUNCATED;
    if ((result = read(image, *at, head, 4)) != VS_OK) return result;
    value->type = (uint16_t)number(head, 2);
    value->size = (uint16_t)number(head + 2, 2);
    value->at = (uint32_t)(*at + 4);
    *at += 4u + value->size;
    if (*at > end) return VS_TRUNCATED;
  }
  return VS_OK;
}

static enum vs_result read_layout(struct image *image, struct vs_image *to) {
  uint8_t header[header_size];
  uint64_t at;
  unsigned guarded;
  enum vs_result result = read(image, 0, header, header_size);
  if (result != VS_OK) return result;
  at = (uint64_t)number(header + 8, 2) + number(header + 12, 4);
  guarded = number(header + 10, 2);
  if (number(header, 4) != 0x96f3b83d || number(header + 8, 2) < header_size || number(header + 28, 4) != 0) return VS_ARTEFACT_MALFORMED;
  /* MCUboot adds in 32 bits, the next area of at most 65,535 octets included: what leaves them would begin anew at zero. */
  if (at + guarded > 0xfffeffff) return VS_ARTEFACT_MALFORMED;
  image->flags = number(header + 16, 4);
  image->covered = (uint32_t)at + guarded;
  to->major = header[20];
  to->minor = header[21];
  to->revision = (uint16_t)number(header + 22, 2);
  to->build = number(header + 24, 4);
  if (guarded > 0) result = read_area(image, &at, 0x6908, guarded);
  image->guarded = image->count;
  if (result == VS_OK) result = read_area(image, &at, 0x6907, 0);
  to->size = at;
  return result;
}

static int is_signature(unsigned type) { return type == type_rsa2048 || (type >= type_ecdsa && type <= type_ed25519); }
static int is_digest(unsigned type) { return type >= type_sha256 && type <= type_sha512; }
static int is_key(unsigned type) { return type == type_key_hash || type == type_key; }
static unsigned bits_of(unsigned digest_type) { return 256 + 128 * (digest_type - type_sha256); }

static int may_stand(unsigned type, int is_guarded) {
  if (!is_guarded) return is_key(type) || is_digest(type) || is_signature(type) || type == type_pure || (type >= 0x30 && type <= 0x34);
  /* The last are makers' values: 0x00a0 to 0xfffe whose low octet is 0xa0 or more. */
  return type == type_dependency || type == type_counter || type == 0x60 || (type >= 0x70 && type <= 0x75) ||
         (type >= 0xa0 && type <= 0xfffe && (type & 0xff) >= 0xa0);
}

/* A value twice, in the area where it must not stand, or that nobody knows; digests of two types. */
static enum vs_result check_area(const struct image *image, size_t from, size_t to, int is_guarded) {
  int has_digest = 0;
  for (size_t i = from; i < to; i++) {
    unsigned type = image->values[i].type;
    if (!may_stand(type, is_guarded)) return VS_FIELD_NOT_ALLOWED;
    for (size_t j = from; j < i; j++)
      if (image->values[j].type == type && !is_signature(type) && !is_key(type) && type != type_dependency) return VS_FIELD_TWICE;
    if (is_digest(type) && has_digest) return VS_FIELD_TWICE;
    has_digest |= is_digest(type);
  }
  return VS_OK;
}

static enum vs_result check_structure(const struct image *image, struct vs_image *to) {
  unsigned signature = 0, key = 0, digest = 0; /* digest: octets of the image's own, 0 without one */
  uint8_t counter[4];
  enum vs_result result;
  if ((image->flags & (flag_encrypted | flag_packed)) != 0) return VS_ENCRYPTED;
  if ((image->flags & ~(uint32_t)flags_known) != 0) return VS_FIELD_NOT_ALLOWED;
  if ((result = check_area(image, 0, image->guarded, 1)) != VS_OK) return result;
  if ((result = check_area(image, image->guarded, image->count, 0)) != VS_OK) return result;
  for (size_t i = 0; i < image->count; i++)
    if (is_digest(image->values[i].type)) digest = bits_of(image->values[i].type) / 8;
  for (size_t i = 0; i < image->count; i++) {
    const struct value *value = &image->values[i];
    if (value->type == type_dependency && value->size != 12) return VS_ARTEFACT_MALFORMED;
    /* A build of MCUboot knows one type of signature, and keys by their digest or in whole. */
    if (is_signature(value->type) && signature != 0 && signature != value->type) return VS_FIELD_NOT_ALLOWED;
    if (is_signature(value->type)) signature = value->type;
    if (is_key(value->type) && key != 0 && key != value->type) return VS_FIELD_NOT_ALLOWED;
    if (is_key(value->type)) key = value->type;
    /* Keys are digested as images are, and MCUboot compares what is there: one that is cut short would be of many keys. */
    if (value->type == type_key_hash && value->size != digest && (digest > 0 || (value->size != 32 && value->size != 64)))
      return VS_ARTEFACT_MALFORMED;
    if (value->type != type_counter) continue;
    if (value->size != 4) return VS_ARTEFACT_MALFORMED;
    if ((result = read(image, value->at, counter, 4)) != VS_OK) return result;
    to->has_counter = 1;
    to->counter = number(counter, 4);
  }
  return to->size == image->source->size ? VS_OK : VS_TRAILING_OCTETS;
}

/* The key that a value names, by its digest or in whole; its index, or the count of keys. */
static enum vs_result find_key(const struct image *image, const struct value *value, size_t *found) {
  struct vs_span named = {image->piece, value->size};
  uint8_t digest[64];
  enum vs_result result;
  *found = image->trust->key_count;
  if (value->size > image->piece_size) return VS_OK;
  result = read(image, value->at, image->piece, value->size);
  for (size_t i = 0; i < image->trust->key_count && result == VS_OK; i++) {
    /* A public key as MCUboot holds it: RSAPublicKey, else SubjectPublicKeyInfo. */
    struct vs_span octets = image->trust->keys[i], bits;
    if (vs_read_signer(octets, &bits) == VS_KEY_RSA) octets = bits;
    if (value->type == type_key_hash) {
      vs_digest((unsigned)value->size * 8, &octets, 1, digest);
      octets = (struct vs_span){digest, value->size};
    }
    if (vs_same(octets, named)) {
      *found = i;
      break;
    }
  }
  return result;
}

/* The type of signature that a key makes; 0: none that MCUboot knows. */
static unsigned type_of(enum vs_key_kind kind, struct vs_span bits) {
  if (kind == VS_KEY_P256 || kind == VS_KEY_P384) return type_ecdsa;
  if (kind == VS_KEY_ED25519) return type_ed25519;
  if (kind != VS_KEY_RSA) return 0;
  return vs_modulus_size(bits) == 384 ? type_rsa3072 : vs_modulus_size(bits) == 256 ? type_rsa2048 : 0;
}

/* What one pass over the values is for: to see who signed, or to check the signatures against a digest. */
struct pass {
  const uint8_t *digest; /* null: only to see */
  unsigned digest_type;
  size_t signatures, known;
  int is_pure;
};

static enum vs_result check_signature(const struct image *image, const struct value *value, size_t key, struct pass *pass) {
  struct vs_span spki = image->trust->keys[key], bits, signature = {image->piece, value->size};
  enum vs_key_kind kind = vs_read_signer(spki, &bits);
  enum vs_result result;
  if (type_of(kind, bits) == 0) return VS_OK;
  if (type_of(kind, bits) != value->type) return VS_SIGNATURE_WRONG;
  pass->known++;
  if (kind == VS_KEY_ED25519) return VS_ALGORITHM_NOT_BUILT_IN;
  if (pass->digest == NULL) return VS_OK;
  if (pass->digest_type != (kind == VS_KEY_P384 ? type_sha384 : type_sha256) || value->size > image->piece_size) return VS_SIGNATURE_WRONG;
  result = read(image, value->at, image->piece, value->size);
  return result != VS_OK || vs_signature_holds(spki, kind, pass->digest, signature) ? result : VS_SIGNATURE_WRONG;
}

/* A key stands before its signature; signatures by keys that the device does not know are passed over. */
static enum vs_result walk(const struct image *image, struct pass *pass) {
  size_t key = image->trust->key_count;
  enum vs_result result = VS_OK;
  pass->signatures = pass->known = 0;
  for (size_t i = image->guarded; i < image->count && result == VS_OK; i++) {
    const struct value *value = &image->values[i];
    if (is_key(value->type)) result = find_key(image, value, &key);
    if (value->type == type_pure) pass->is_pure = 1;
    if (!is_signature(value->type)) continue;
    pass->signatures++;
    if (key < image->trust->key_count) result = check_signature(image, value, key, pass);
    key = image->trust->key_count;
  }
  return result;
}

/* The digest that stands in the image is that of its header, payload and guarded area. */
static enum vs_result check_digest(const struct image *image, uint8_t digest[64], unsigned *type) {
  uint8_t stated[64];
  for (size_t i = image->guarded; i < image->count; i++) {
    const struct value *value = &image->values[i];
    unsigned bits = bits_of(value->type);
    enum vs_result result;
    if (!is_digest(value->type)) continue;
    result = vs_digest_source(image->source, bits, image->covered, image->piece, image->piece_size, digest);
    if (result == VS_OK && value->size == bits / 8) result = read(image, value->at, stated, value->size);
    if (result != VS_OK) return result;
    *type = value->type;
    return value->size == bits / 8 && memcmp(stated, digest, value->size) == 0 ? VS_OK : VS_DIGEST_WRONG;
  }
  return VS_ARTEFACT_MALFORMED;
}

enum vs_result vs_verify_image(struct vs_image *to, const struct vs_source *source, const struct vs_trust *trust, uint8_t *piece, size_t piece_size) {
  struct image image = {.source = source, .trust = trust, .piece = piece, .piece_size = piece_size};
  struct pass pass = {0};
  uint8_t digest[64];
  enum vs_result result;
  memset(to, 0, sizeof *to);
  if (piece_size < 512) return VS_BUFFER_TOO_SMALL;
  result = read_layout(&image, to);
  if (result == VS_OK) result = check_structure(&image, to);
  if (result == VS_OK) result = walk(&image, &pass);
  if (result != VS_OK) return result;
  if (pass.signatures == 0) return VS_NOT_SIGNED;
  if (pass.known == 0) return VS_SIGNER_UNKNOWN;
  if (pass.is_pure) return VS_ALGORITHM_NOT_BUILT_IN;
  result = check_digest(&image, digest, &pass.digest_type);
  pass.digest = digest;
  if (result == VS_OK) result = walk(&image, &pass);
  if (result != VS_OK || !trust->has_counter) return result;
  return !to->has_counter ? VS_VERSION_MISSING : to->counter < trust->counter ? VS_VERSION_LOWER : VS_OK;
}
