/* SPDX-License-Identifier: Apache-2.0 */
/* The shapes of the Language Server Protocol's JSON (3.17) that many answers share. Values returned are
 * new references, the caller's; jansson's allocation never fails here (it aborts, as xmalloc does). */
#ifndef PIPELINES_LSP_PROTOCOL_H
#define PIPELINES_LSP_PROTOCOL_H
#include <jansson.h>
#include "pipelines/lsp/documents.h"

enum protocol_error {
    PROTOCOL_PARSE = -32700,
    PROTOCOL_INVALID_REQUEST = -32600,
    PROTOCOL_NO_METHOD = -32601,
    PROTOCOL_INVALID_PARAMS = -32602,
    PROTOCOL_NOT_INITIALIZED = -32002,
};

/* Texts that are no UTF-8 get U+FFFD where they are not. */
json_t *protocol_text(struct str text);
void protocol_set(json_t *object, const char *name, json_t *value); /* takes the value */
void protocol_append(json_t *array, json_t *value);

/* Bytes [start, end) of a document. */
json_t *protocol_range(const struct document *document, enum encoding encoding, uint32_t start, uint32_t end);
json_t *protocol_location(const struct document *document, enum encoding encoding, uint32_t start, uint32_t end);
/* { range, newText } */
json_t *protocol_edit(const struct document *document, enum encoding encoding, uint32_t start, uint32_t end,
                      struct str text);
/* False: not of this shape. */
bool protocol_read_position(const json_t *json, struct position *position);
/* Offsets of a range; the smaller first. */
bool protocol_read_range(const json_t *json, const struct document *document, enum encoding encoding,
                         uint32_t *start, uint32_t *end);
/* The string, or empty when it is none. */
struct str protocol_string(const json_t *json);

#endif
