/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/lsp/documents.h"
#include <assert.h>
#include <stdlib.h>
#include "core/xmalloc.h"

static void document_free(struct document *document)
{
    free((char *)document->source.name.ptr);
    free(document->uri);
    buf_fini(&document->text);
    lines_fini(&document->lines);
    free(document);
}

void documents_fini(struct documents *documents)
{
    for (uint32_t i = 0; i < documents->count; i++) document_free(documents->items[i]);
    assert(documents->count <= DOCUMENTS_MAX);
    *documents = (struct documents){.count = 0};
}

struct document *documents_find(const struct documents *documents, struct str uri)
{
    for (uint32_t i = 0; i < documents->count; i++)
        if (str_eq_z(uri, documents->items[i]->uri)) return documents->items[i];
    return NULL;
}

/* ---- names ---- */

static int hex_digit(char c)
{
    if (is_digit(c)) return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What stands behind the last slash of a URI, `%20` and the like resolved; the caller frees it. */
static char *file_name(struct str uri)
{
    const char *slash = uri.len ? memrchr(uri.ptr, '/', uri.len) : NULL;
    if (slash) uri = str_from(uri, (size_t)(slash - uri.ptr) + 1);
    char *name = xmalloc(uri.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < uri.len; i++) {
        bool has_two = uri.ptr[i] == '%' && i + 2 < uri.len;
        int high = has_two ? hex_digit(uri.ptr[i + 1]) : -1, low = has_two ? hex_digit(uri.ptr[i + 2]) : -1;
        bool is_code = high >= 0 && low >= 0 && high + low > 0;
        name[len++] = is_code ? (char)(high * 16 + low) : uri.ptr[i];
        if (is_code) i += 2;
    }
    name[len] = '\0';
    return name;
}

/* By the file's name; of others the editor's word for their language says whether it is a pipeline. */
static enum document_kind kind_of(struct str name, struct str language)
{
    if (str_eq_z(name, "pipelines.yml")) return DOCUMENT_PIPELINES;
    if (str_eq_z(name, "logstash.yml") || str_eq_z(name, "tailrace.yml")) return DOCUMENT_SETTINGS;
    if (str_ends(name, STR(".yml")) || str_ends(name, STR(".yaml")) || str_eq_z(language, "yaml"))
        return DOCUMENT_OTHER;
    return DOCUMENT_PIPELINE;
}

/* ---- opening and closing ---- */

struct document *documents_open(struct documents *documents, struct str uri, struct str language)
{
    struct document *document = documents_find(documents, uri);
    if (document) documents_close(documents, document);
    if (documents->count == DOCUMENTS_MAX || uri.len > DOCUMENT_URI_MAX) return NULL;
    document = xcalloc(1, sizeof *document);
    document->uri = xstrndup(uri);
    document->source.name = str_of(file_name(uri));
    document->kind = kind_of(document->source.name, language);
    document->source.text = STR("");
    lines_index(&document->lines, document->source.text);
    documents->items[documents->count++] = document;
    return document;
}

void documents_close(struct documents *documents, struct document *document)
{
    uint32_t at = 0;
    while (at < documents->count && documents->items[at] != document) at++;
    assert(at < documents->count && documents->bytes >= document->text.len);
    documents->bytes -= document->text.len;
    documents->items[at] = documents->items[--documents->count];
    document_free(document);
}

/* ---- changes ---- */

size_t document_bytes_max(const struct document *document)
{
    bool is_settings = document->kind == DOCUMENT_SETTINGS || document->kind == DOCUMENT_PIPELINES;
    return is_settings ? DOCUMENT_SETTINGS_MAX : DOCUMENT_BYTES_MAX;
}

/* May the document have `len` bytes instead of those it has? */
static bool fits(const struct documents *documents, const struct document *document, size_t len)
{
    assert(documents->bytes >= document->text.len);
    return len <= document_bytes_max(document) &&
           documents->bytes - document->text.len + len <= DOCUMENTS_BYTES_MAX;
}

static void changed(struct documents *documents, struct document *document, size_t old)
{
    documents->bytes = documents->bytes - old + document->text.len;
    document->is_checked = false;
    document->source.text = document->text.len ? buf_str(&document->text) : STR("");
    lines_index(&document->lines, document->source.text);
}

static void refuse(struct documents *documents, struct document *document)
{
    size_t old = document->text.len;
    document->is_refused = true;
    buf_fini(&document->text);
    document->text = (struct buf){0};
    changed(documents, document, old);
}

void document_set(struct documents *documents, struct document *document, struct str text)
{
    size_t old = document->text.len;
    if (!fits(documents, document, text.len)) {
        refuse(documents, document);
        return;
    }
    document->is_refused = false;
    buf_clear(&document->text);
    buf_append(&document->text, text);
    changed(documents, document, old);
}

void document_splice(struct documents *documents, struct document *document, uint32_t start,
                     uint32_t end, struct str text)
{
    struct buf *buf = &document->text;
    size_t old = buf->len, tail = old - end;
    assert(start <= end && end <= old);
    if (document->is_refused) return; /* the bytes around the change are not known */
    if (!fits(documents, document, old - (end - start) + text.len)) {
        refuse(documents, document);
        return;
    }
    buf_reserve(buf, text.len);
    if (tail) memmove(buf->ptr + start + text.len, buf->ptr + end, tail);
    if (text.len) memcpy(buf->ptr + start, text.ptr, text.len);
    buf->len = start + text.len + tail;
    changed(documents, document, old);
}
