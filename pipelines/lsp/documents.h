/* SPDX-License-Identifier: Apache-2.0 */
/* The texts that are open in the editor, which may differ from what is on disk. Each is kept as the
 * editor last told it, UTF-8 always, with a table of its lines.
 *
 * A text beyond the limits is remembered as refused, without its bytes: whoever asks about it gets
 * nothing, and its one diagnostic says why. It is taken again once it is told whole and fits.
 *
 * Ownership: the list owns its documents and their texts; a `struct document *` is valid until the
 * next documents_close(), a view of its text until the next change. One thread. */
#ifndef PIPELINES_LSP_DOCUMENTS_H
#define PIPELINES_LSP_DOCUMENTS_H
#include "core/diag.h"
#include "pipelines/lsp/positions.h"

enum {
    DOCUMENTS_MAX = 512,                       /* open at once */
    DOCUMENT_BYTES_MAX = 4 * 1024 * 1024,      /* of a pipeline */
    DOCUMENT_SETTINGS_MAX = 128 * 1024,        /* of a settings file: each key is compared with each */
    DOCUMENTS_BYTES_MAX = 64 * 1024 * 1024,    /* of all */
    DOCUMENT_URI_MAX = 4096,
};

enum document_kind {
    DOCUMENT_PIPELINE,
    DOCUMENT_PIPELINES, /* pipelines.yml */
    DOCUMENT_SETTINGS,  /* logstash.yml, tailrace.yml */
    DOCUMENT_OTHER,     /* nothing is said of it */
};

struct document {
    char *uri;
    int64_t version;
    enum document_kind kind;
    bool is_refused;          /* too large */
    bool is_checked;          /* the editor knows what is wrong with this text */
    struct buf text;
    struct lines lines;
    struct source_text source; /* name: the file's, without folders; text: a view of `text` */
};

struct documents {
    struct document *items[DOCUMENTS_MAX];
    uint32_t count;
    size_t bytes;
};

void documents_fini(struct documents *documents);
/* NULL when no document of this name is open. */
struct document *documents_find(const struct documents *documents, struct str uri);
/* A document that is open already begins anew. NULL: too many, or a name beyond its limit. */
struct document *documents_open(struct documents *documents, struct str uri, struct str language);
void documents_close(struct documents *documents, struct document *document);

/* Bytes that a document of its kind may have. */
size_t document_bytes_max(const struct document *document);
/* The whole text anew. */
void document_set(struct documents *documents, struct document *document, struct str text);
/* Bytes [start, end) become `text`. */
void document_splice(struct documents *documents, struct document *document, uint32_t start,
                     uint32_t end, struct str text);

static inline struct position document_position(const struct document *document,
                                                enum encoding encoding, uint32_t offset)
{
    return position_of(&document->lines, document->source.text, encoding, offset);
}
static inline uint32_t document_offset(const struct document *document, enum encoding encoding,
                                       struct position position)
{
    return position_offset(&document->lines, document->source.text, encoding, position);
}

#endif
