/* SPDX-License-Identifier: Apache-2.0 */
/* One question of a device to its server, and what the server knows of the device. */
#ifndef VITALSIGN_TALK_H
#define VITALSIGN_TALK_H

#include "vitalsign_http.h"
#include "vitalsign_state.h"

/* The first certificate of a chain; empty: there is none. */
struct vs_span vs_leaf_of(struct vs_span chain);

/* Whom to talk to, at a time that is surely over: the clock's, or what an anchor or our own certificate proves. */
struct vs_server vs_server_of(const struct vs_device *device, const struct vs_identity *identity);

/*
 * Opens a connection, asks, closes; notes what the device may be told of the answer. VS_OK: status 200. With
 * `sends_request` the request is read from its slot into the record buffer, once the handshake is done: what `identity`
 * points at may be in there.
 */
enum vs_result vs_talk(struct vs_device *device, const struct vs_identity *identity, struct vs_question *question, int sends_request,
                       uint8_t *body, size_t room, size_t *size);

/* Shows the identity of a slot to the server, which must know this very certificate as this device's. */
enum vs_result vs_prove(struct vs_device *device, unsigned slot);

#endif
