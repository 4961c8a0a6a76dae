/* SPDX-License-Identifier: Apache-2.0 */
/* The language server without its I/O. The first byte chooses: any bytes as what an editor sends, in
 * pieces; or any bytes as a document, which is opened, edited and asked about everywhere. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include "core/text/json.h"
#include "pipelines/lsp/frames.h"
#include "pipelines/lsp/lsp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void send(struct lsp *lsp, const struct buf *body)
{
    struct buf frame = {0};
    frame_write(&frame, buf_str(body));
    lsp_feed(lsp, buf_str(&frame));
    buf_clear(lsp_output(lsp));
    buf_fini(&frame);
}

static void send_z(struct lsp *lsp, const char *body)
{
    struct buf text = {0};
    buf_append_z(&text, body);
    send(lsp, &text);
    buf_fini(&text);
}

static void bytes_from_an_editor(struct lsp *lsp, struct str bytes)
{
    if (!bytes.len) return;
    size_t step = 1 + (unsigned char)bytes.ptr[0];
    if (bytes.ptr[0] & 1) send_z(lsp, "{\"id\":1,\"method\":\"initialize\"}");
    for (size_t at = 1; at < bytes.len; at += step)
        lsp_feed(lsp, str_slice(bytes, at, at + step < bytes.len ? at + step : bytes.len));
    lsp_settle(lsp);
}

static void ask_everything(struct lsp *lsp, unsigned line, unsigned character)
{
    static const char *const methods[] = {"hover",      "completion",     "definition",   "references", "signatureHelp",
                                          "codeAction", "documentSymbol", "foldingRange", "formatting"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        struct buf body = {0};
        buf_printf(&body,
                   "{\"id\":%zu,\"method\":\"textDocument/%s\",\"params\":{\"textDocument\":{\"uri\":\"a.conf\"},"
                   "\"position\":{\"line\":%u,\"character\":%u},\"context\":{\"includeDeclaration\":true},"
                   "\"options\":{\"tabSize\":2,\"insertSpaces\":true},"
                   "\"range\":{\"start\":{\"line\":0,\"character\":0},\"end\":{\"line\":%u,\"character\":%u}}}}",
                   i, methods[i], line, character, line, character);
        send(lsp, &body);
        buf_fini(&body);
    }
}

static void edit(struct lsp *lsp, const unsigned char *at, struct str text)
{
    struct buf body = {0};
    buf_printf(&body,
               "{\"method\":\"textDocument/didChange\",\"params\":{\"textDocument\":{\"uri\":\"a.conf\",\"version\":2},"
               "\"contentChanges\":[{\"range\":{\"start\":{\"line\":%u,\"character\":%u},"
               "\"end\":{\"line\":%u,\"character\":%u}},\"text\":",
               at[0] % 8u, at[1], at[2] % 8u, at[3]);
    json_encode_string(text, &body);
    buf_append_z(&body, "}]}}");
    send(lsp, &body);
    buf_fini(&body);
}

/* Four bytes say where, the rest is the text, of which the head is also what is put there. */
static void document_in_an_editor(struct lsp *lsp, struct str bytes, bool is_utf8)
{
    if (bytes.len < 4) return;
    const unsigned char *at = (const unsigned char *)bytes.ptr;
    struct str text = str_from(bytes, 4);
    struct buf body = {0};
    send_z(lsp, is_utf8 ? "{\"id\":1,\"method\":\"initialize\",\"params\":{\"capabilities\":{\"general\":"
                          "{\"positionEncodings\":[\"utf-8\"]}}}}"
                        : "{\"id\":1,\"method\":\"initialize\"}");
    buf_append_z(&body, "{\"method\":\"textDocument/didOpen\",\"params\":{\"textDocument\":{\"uri\":\"a.conf\",\"text\":");
    json_encode_string(text, &body);
    buf_append_z(&body, "}}}");
    send(lsp, &body);
    ask_everything(lsp, at[0] % 8u, at[1]);
    edit(lsp, at, str_slice(text, 0, text.len < 9 ? text.len : 9));
    ask_everything(lsp, at[2] % 8u, at[3]);
    lsp_settle(lsp);
    assert(lsp_output(lsp)->len > 0); /* diagnostics, if only none */
    buf_fini(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    struct str bytes = {(const char *)data + 1, size - 1};
    struct lsp *lsp = lsp_create();
    if (data[0] & 1) bytes_from_an_editor(lsp, bytes);
    else document_in_an_editor(lsp, bytes, data[0] & 2);
    lsp_destroy(lsp);
    return 0;
}
