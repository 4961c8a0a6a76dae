/* SPDX-License-Identifier: Apache-2.0 */
/* textDocument/formatting: as `tailrace fmt` does it. The form is one for all, so the editor's wishes
 * (tabs, their width) are not asked. One edit from the first line that differs to the last. A text with
 * errors stays as it is: its diagnostics say why. */
#include <assert.h>
#include "dsl/format.h"
#include "pipelines/lsp/server.h"

/* Bytes that both texts begin with, whole lines only. */
static size_t common_head(struct str a, struct str b)
{
    size_t most = a.len < b.len ? a.len : b.len, at = 0, line = 0;
    for (; at < most && a.ptr[at] == b.ptr[at]; at++)
        if (a.ptr[at] == '\n') line = at + 1;
    return line;
}

/* Bytes that both end with behind `head`, whole lines only. */
static size_t common_tail(struct str a, struct str b, size_t head)
{
    size_t most = (a.len < b.len ? a.len : b.len) - head, len = 0, lines = 0;
    for (; len < most && a.ptr[a.len - 1 - len] == b.ptr[b.len - 1 - len]; len++)
        if (a.ptr[a.len - 1 - len] == '\n') lines = len;
    return lines;
}

json_t *format_answer(struct lsp *lsp, const json_t *params)
{
    const struct document *document = lsp_pipeline(lsp, params);
    if (!document) return NULL;
    struct format_options options = {.has_escapes = lsp->options.has_escapes};
    struct buf text = {0};
    struct diag diag;
    json_t *edits = NULL;
    diag_init(&diag);
    if (format_source(&document->source, &options, &text, &diag)) {
        struct str old = document->source.text, new = text.len ? buf_str(&text) : STR("");
        edits = json_array();
        size_t head = common_head(old, new), tail = common_tail(old, new, head);
        assert(head + tail <= old.len && head + tail <= new.len);
        if (!str_eq(old, new))
            protocol_append(edits, protocol_edit(document, lsp->encoding, (uint32_t)head, (uint32_t)(old.len - tail),
                                                 str_slice(new, head, new.len - tail)));
    }
    diag_fini(&diag);
    buf_fini(&text);
    return edits;
}
