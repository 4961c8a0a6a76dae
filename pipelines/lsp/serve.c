/* SPDX-License-Identifier: Apache-2.0 */
/* Standard input and output of the language server: reads what is there, settles when nothing more is
 * waiting, writes what gathered. The editor is a process on the same machine that reads what it asked
 * for, so writing may block. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>
#include "pipelines/lsp/lsp.h"

enum { READ_BYTES = 64 * 1024 };

static bool write_all(int out, struct buf *bytes)
{
    for (size_t at = 0; at < bytes->len;) {
        ssize_t wrote = write(out, bytes->ptr + at, bytes->len - at);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return false;
        at += (size_t)wrote;
    }
    buf_clear(bytes);
    return true;
}

static bool is_more_waiting(int in)
{
    struct pollfd poll_in = {.fd = in, .events = POLLIN};
    return poll(&poll_in, 1, 0) > 0;
}

/* False: nothing comes any more. */
static bool turn(struct lsp *lsp, int in)
{
    static char bytes[READ_BYTES];
    ssize_t got = read(in, bytes, sizeof bytes);
    if (got < 0 && errno == EINTR) return true;
    if (got <= 0) {
        lsp_settle(lsp);
        return false;
    }
    lsp_feed(lsp, (struct str){bytes, (size_t)got});
    if (!is_more_waiting(in)) lsp_settle(lsp);
    return !lsp_has_ended(lsp);
}

int lsp_serve(int in, int out)
{
    signal(SIGPIPE, SIG_IGN); /* an editor that went away is an error of write() */
    struct lsp *lsp = lsp_create();
    bool is_read = true, is_written = true;
    while (is_read && is_written) {
        is_read = turn(lsp, in);
        is_written = write_all(out, lsp_output(lsp));
    }
    bool was_shut_down = lsp_was_shut_down(lsp);
    lsp_destroy(lsp);
    return was_shut_down ? 0 : 1;
}
