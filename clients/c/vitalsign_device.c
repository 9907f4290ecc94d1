/* SPDX-License-Identifier: Apache-2.0 */
#include "vitalsign_talk.h"

#include <string.h>

#include "vitalsign_path.h"

/* What is asked for, and by what proof. */
struct errand {
  const char *operation;
  const char *code;                 /* null: none */
  const struct vs_identity *birth;  /* null: none; neither: the identity in use is the proof */
  int new_key;
};

/* --- settings --- */

/* Printable, without what would end a line, a field or a login; `most` characters. */
static int is_text(const char *text, size_t most, const char *without) {
  size_t size = 0;
  for (; text[size] != 0; size++)
    if (size == most || text[size] <= ' ' || text[size] > '~' || strchr(without, text[size]) != NULL) return 0;
  return size > 0;
}

static enum vs_result check(struct vs_device *device, const char *code) {
  device->status = device->is_pending = 0;
  device->retry_after = 0;
  device->renew_from = 0;
  device->said[0] = 0;
  if (device->host == NULL || !is_text(device->host, 253, "/:@?#[]")) return VS_SETTINGS_WRONG;
  /* The characters of a PrintableString, which is what the subject's serialNumber is. */
  if (device->serial == NULL || !is_text(device->serial, 64, ":\"!#$%&*;<>@[\\]^_`{|}~")) return VS_SETTINGS_WRONG;
  if (device->label != NULL && !is_text(device->label, 64, "/?#%\\\"<>[]^`{|}")) return VS_SETTINGS_WRONG;
  if (code != NULL && !is_text(code, 255, "")) return VS_SETTINGS_WRONG;
  return device->anchor_count > 0 ? VS_OK : VS_SETTINGS_WRONG;
}

/* The certificates of an EST body, decoded in place. */
static enum vs_result open_bag(uint8_t *body, size_t size, struct vs_span *certificates) {
  struct vs_span cms = {body, 0};
  if (!vs_base64_decode(body, &size)) return VS_BASE64_MALFORMED;
  cms.size = size;
  return vs_read_certs_only(cms, certificates) ? VS_OK : VS_ANSWER_MALFORMED;
}

/* Lets what is new prove itself; only a "no" of the server itself costs it its place, and only beside an older one. */
static enum vs_result settle(struct vs_device *device, struct vs_state *state) {
  enum vs_result result = vs_prove(device, vs_next_slot(state));
  if (result == VS_OK) return vs_take_next(state, &device->storage);
  if ((result == VS_CREDENTIAL_REFUSED || result == VS_ANSWER_NOT_OURS) && state->has_identity &&
      vs_drop_next(state, &device->storage) != VS_OK)
    return VS_STORAGE_BROKEN;
  return result;
}

/* --- getting one --- */

/* What a request is kept under: an earlier one that asked for the same by the same proof is sent again. */
static void wanted_digest(const struct vs_device *device, const struct errand *errand, struct vs_span current, uint8_t out[32]) {
  const uint8_t kind[3] = {current.size > 0, errand->new_key != 0, device->use_p384 != 0};
  const char *code = device->code_in_request && errand->code != NULL ? errand->code : "";
  struct vs_span pieces[4] = {{kind, sizeof kind}, {(const uint8_t *)device->serial, strlen(device->serial) + 1}};
  pieces[2] = (struct vs_span){(const uint8_t *)code, strlen(code)};
  pieces[3] = current;
  vs_digest(256, pieces, 4, out);
}

/* Writes key and request beside one another, and both to their slot, before anybody is asked. */
static enum vs_result write_request(struct vs_device *device, mbedtls_pk_context *key, const struct vs_wanted *wanted, uint32_t generation,
                                    const uint8_t digest[32], uint8_t *work, size_t room) {
  struct vs_chain to = {device->record, VS_RECORD_HEAD, device->record_size};
  size_t key_size, size;
  enum vs_result result = vs_write_request(key, wanted, &device->random, work, room, &size);
  if (result == VS_OK) result = vs_write_key(key, to.bytes + to.size, to.most - to.size, &key_size);
  if (result != VS_OK) return result;
  to.size += key_size;
  if (!vs_put_entry(&to, (struct vs_span){work, size})) return VS_BUFFER_TOO_SMALL;
  return vs_write_record(device, VS_SLOT_REQUEST, generation, digest, key_size, to.size);
}

/* `current`: the record of the identity that is renewed, in the record buffer; null at a first enrolment. */
static enum vs_result prepare(struct vs_device *device, struct vs_state *state, const struct errand *errand, const struct vs_record *current,
                              uint8_t *work, size_t room) {
  struct vs_wanted wanted = {0};
  struct vs_certificate own;
  struct vs_span leaf = {NULL, 0};
  mbedtls_pk_context key;
  uint8_t digest[32];
  enum vs_result result;
  if (current != NULL) {
    leaf = vs_leaf_of(current->chain);
    if (!vs_read_certificate(&own, leaf)) return VS_STATE_DAMAGED;
    wanted.subject = own.subject;
    wanted.alternative_name = own.alternative_name;
  } else wanted.serial = device->serial;
  if (device->code_in_request) wanted.challenge_password = errand->code;
  wanted_digest(device, errand, leaf, digest);
  if (state->has_request && memcmp(state->wanted, digest, 32) == 0) return VS_OK;
  mbedtls_pk_init(&key);
  if (errand->new_key)
    result = vs_make_key(&key, device->use_p384 ? MBEDTLS_ECP_DP_SECP384R1 : MBEDTLS_ECP_DP_SECP256R1, &device->random);
  else if (vs_pk_parse_key(&key, current->key.bytes, current->key.size, device->random.fill, device->random.context) == 0)
    result = VS_OK;
  else result = VS_STATE_DAMAGED;
  if (result == VS_OK) result = write_request(device, &key, &wanted, state->generation + 1, digest, work, room);
  mbedtls_pk_free(&key);
  if (result == VS_OK) state->has_request = 1;
  return result;
}

/* Finds our certificate in the answer, by its key, and the path from it to an anchor; then it is on disk, unproven. */
static enum vs_result receive(struct vs_device *device, struct vs_state *state, int is_renewal, struct vs_span answer, struct vs_span offered) {
  struct vs_record request;
  struct vs_certificate asked, got;
  struct vs_span one, rest = answer;
  struct vs_server server = vs_server_of(device, NULL);
  struct vs_chain chain = {device->record, 0, device->record_size};
  enum vs_result result;
  if (vs_read_record(&request, device, VS_SLOT_REQUEST) != VS_OK) return VS_STORAGE_BROKEN;
  if (!vs_read_request(&asked, vs_leaf_of(request.chain))) return VS_STATE_DAMAGED;
  for (got.der.size = 0; vs_der_take_whole(&rest, VS_DER_SEQUENCE, &one);) {
    if (!vs_read_certificate(&got, one)) return VS_CERTIFICATE_MALFORMED;
    if (vs_same(got.public_key, asked.public_key)) break;
    got.der.size = 0;
  }
  if (got.der.size == 0) return VS_ANSWER_NOT_OURS;
  /* RFC 7030 section 4.2.2: a renewal changes no name. */
  if (is_renewal && (!vs_same(got.subject, asked.subject) || !vs_same(got.alternative_name, asked.alternative_name)))
    return VS_ANSWER_NOT_OURS;
  chain.size = VS_RECORD_HEAD + request.key.size; /* in the place of the request */
  if (!vs_put_entry(&chain, got.der)) return VS_BUFFER_TOO_SMALL;
  result = vs_find_path(&server, VS_FOR_CLIENTS, got.der, offered, 0, &chain);
  /* Some servers send what stands above it along, and nothing at cacerts. */
  if (result == VS_CERTIFICATE_NOT_TRUSTED) result = vs_find_path(&server, VS_FOR_CLIENTS, got.der, answer, 0, &chain);
  if (result != VS_OK) return result;
  result = vs_write_record(device, vs_next_slot(state), state->generation + 1, request.wanted, request.key.size, chain.size);
  if (result == VS_OK) state->has_next = 1;
  return result;
}

/* GET cacerts: the certificates of authorities, from a server that an anchor vouches for, moved to the buffer's front. */
static enum vs_result fetch_authorities(struct vs_device *device, struct vs_span *offered) {
  struct vs_question question = {.prefix = "/.well-known/est", .label = device->label, .operation = "cacerts"};
  size_t size;
  enum vs_result result = vs_talk(device, NULL, &question, 0, device->answer, device->answer_size, &size);
  if (result != VS_OK) return result;
  result = open_bag(device->answer, size, offered);
  if (result != VS_OK) return result;
  memmove(device->answer, offered->bytes, offered->size);
  offered->bytes = device->answer;
  return VS_OK;
}

/*
 * From key to proof, in steps that power may cut off anywhere: key and request in their slot -> asked -> answer in a
 * slot beside the old -> proven -> in use, the old gone.
 */
static enum vs_result obtain(struct vs_device *device, struct vs_state *state, const struct errand *errand) {
  struct vs_question question = {.prefix = "/.well-known/est", .label = device->label, .operation = errand->operation};
  struct vs_record current;
  struct vs_identity identity;
  struct vs_span offered, answer;
  uint8_t *body;
  size_t room, size = 0;
  int is_renewal = errand->code == NULL && errand->birth == NULL;
  enum vs_result result = fetch_authorities(device, &offered);
  if (result != VS_OK) return result;
  body = device->answer + offered.size;
  room = device->answer_size - offered.size;
  if (is_renewal) result = vs_read_record(&current, device, state->slot);
  if (result == VS_OK) result = prepare(device, state, errand, is_renewal ? &current : NULL, body, room);
  /* Once more: a new request was written in the record buffer. */
  if (result == VS_OK && is_renewal) result = vs_read_record(&current, device, state->slot);
  if (result != VS_OK) return result;
  if (is_renewal) identity = (struct vs_identity){current.key, current.chain};
  if (errand->code != NULL && !device->code_in_request) {
    question.user = device->serial;
    question.code = errand->code;
  }
  result = vs_talk(device, is_renewal ? &identity : errand->birth, &question, 1, body, room, &size);
  if (result == VS_OK) result = open_bag(body, size, &answer);
  if (result == VS_OK) result = receive(device, state, is_renewal, answer, offered);
  if (result == VS_OK) return settle(device, state);
  /* The "no" may be about the key itself; the next attempt makes another. */
  if (result == VS_REFUSED_BY_SERVER && vs_drop_request(state, &device->storage) != VS_OK) return VS_STORAGE_BROKEN;
  return result;
}

/* --- what is called --- */

static enum vs_result begin(struct vs_device *device, const char *code, struct vs_state *state) {
  enum vs_result result = check(device, code);
  if (result == VS_OK && device->record_size <= VS_RECORD_HEAD + VS_RECORD_REST) result = VS_BUFFER_TOO_SMALL;
  return result == VS_OK ? vs_read_state(state, device) : result;
}

enum vs_result vs_enrol(struct vs_device *device, const char *code, const struct vs_identity *birth, int again) {
  struct vs_state state;
  struct errand errand = {"simpleenroll", code, birth, 1};
  enum vs_result result = begin(device, code, &state);
  if (result != VS_OK) return result;
  if ((code == NULL) == (birth == NULL)) return VS_SETTINGS_WRONG;
  if (state.has_identity && !again) return VS_ENROLLED_ALREADY;
  if (state.has_next) {
    result = settle(device, &state);
    if (!(again && (result == VS_CREDENTIAL_REFUSED || result == VS_ANSWER_NOT_OURS))) return result;
    if (vs_drop_next(&state, &device->storage) != VS_OK) return VS_STORAGE_BROKEN;
  }
  return obtain(device, &state, &errand);
}

static enum vs_result renew(struct vs_device *device, struct vs_state *state, int new_key) {
  struct errand errand = {"simplereenroll", NULL, NULL, new_key};
  if (state->has_next) return settle(device, state);
  if (state->is_damaged) return VS_STATE_DAMAGED;
  return state->has_identity ? obtain(device, state, &errand) : VS_NOT_ENROLLED;
}

enum vs_result vs_renew(struct vs_device *device, int new_key) {
  struct vs_state state;
  enum vs_result result = begin(device, NULL, &state);
  return result == VS_OK ? renew(device, &state, new_key) : result;
}

enum vs_result vs_keep_up(struct vs_device *device, int new_key) {
  struct vs_state state;
  struct vs_identity identity;
  uint64_t due, now, order;
  enum vs_result result = begin(device, NULL, &state);
  if (result != VS_OK || state.has_next || !state.has_identity) return result == VS_OK ? renew(device, &state, new_key) : result;
  result = vs_prove(device, state.slot);
  if (result == VS_CREDENTIAL_REFUSED || result == VS_ANSWER_NOT_OURS || result == VS_HANDSHAKE_REFUSED) return result;
  order = device->renew_from;
  if (vs_identity_in_use(device, &identity) != VS_OK || vs_due(vs_leaf_of(identity.chain), &due) != VS_OK) return VS_STATE_DAMAGED;
  now = vs_server_of(device, &identity).now;
  if (now < due && (order == 0 || now < order)) return VS_OK;
  return renew(device, &state, new_key);
}

enum vs_result vs_identity_in_use(struct vs_device *device, struct vs_identity *identity) {
  struct vs_state state;
  struct vs_record record;
  enum vs_result result = vs_read_state(&state, device);
  if (result != VS_OK) return result;
  if (!state.has_identity) return state.is_damaged ? VS_STATE_DAMAGED : VS_NOT_ENROLLED;
  if (vs_read_record(&record, device, state.slot) != VS_OK) return VS_STORAGE_BROKEN;
  *identity = (struct vs_identity){record.key, record.chain};
  return VS_OK;
}

enum vs_result vs_due(struct vs_span certificate, uint64_t *due) {
  struct vs_certificate read;
  uint8_t digest[32];
  uint64_t life, spread;
  if (!vs_read_certificate(&read, certificate)) return VS_CERTIFICATE_MALFORMED;
  life = read.not_after - read.not_before;
  /* A twentieth of the life, by the certificate's own digest: a fleet of one day does not come in one minute. */
  vs_digest(256, &certificate, 1, digest);
  spread = life / 20 * vs_number(digest, 3) >> 24;
  *due = read.not_before + life / 3 * 2 + spread;
  return VS_OK;
}
