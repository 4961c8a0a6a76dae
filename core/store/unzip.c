/* SPDX-License-Identifier: Apache-2.0 */
#include "core/store/unzip.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>
#include "core/xmalloc.h"

enum { UNZIP_INPUT = 64 * 1024 };

struct unzip {
    z_stream stream;
    bool in_member;   /* its header was begun */
    bool has_member;  /* one was whole */
    bool is_at_end;
    unsigned char input[UNZIP_INPUT];
};

struct unzip *unzip_create(void)
{
    struct unzip *unzip = xcalloc(1, sizeof *unzip);
    if (inflateInit2(&unzip->stream, 15 + 16) != Z_OK) abort();
    return unzip;
}

void unzip_destroy(struct unzip *unzip)
{
    if (!unzip) return;
    inflateEnd(&unzip->stream);
    free(unzip);
}

/* More input; 0 at the end of the file. */
static ptrdiff_t unzip_fill(struct unzip *unzip, int fd, uint64_t *offset)
{
    ssize_t got;
    do got = pread(fd, unzip->input, sizeof unzip->input, (off_t)*offset);
    while (got < 0 && errno == EINTR);
    if (got < 0) return -errno;
    *offset += (uint64_t)got;
    unzip->stream.next_in = unzip->input;
    unzip->stream.avail_in = (uInt)got;
    return got;
}

/* One inflate step; 0 or a negative errno. */
static int unzip_step(struct unzip *unzip)
{
    uInt before = unzip->stream.avail_in;
    int status = inflate(&unzip->stream, Z_NO_FLUSH);
    if (status == Z_STREAM_END) {
        unzip->has_member = true;
        unzip->in_member = false;
        return inflateReset(&unzip->stream) == Z_OK ? 0 : -EBADMSG;
    }
    if (status == Z_OK || status == Z_BUF_ERROR) {
        unzip->in_member |= unzip->stream.avail_in != before;
        return 0;
    }
    if (status == Z_MEM_ERROR) abort();
    /* bytes behind a whole member: padding, not damage */
    if (unzip->has_member && unzip->stream.total_out == 0) {
        unzip->in_member = false;
        unzip->is_at_end = true;
        return 0;
    }
    return -EBADMSG;
}

ptrdiff_t unzip_read(struct unzip *unzip, int fd, uint64_t *offset, char *out, size_t room)
{
    unzip->stream.next_out = (Bytef *)out;
    unzip->stream.avail_out = (uInt)room;
    while (unzip->stream.avail_out && !unzip->is_at_end) {
        int error = 0;
        if (unzip->stream.avail_in == 0) {
            ptrdiff_t got = unzip_fill(unzip, fd, offset);
            if (got < 0) error = (int)got;
            if (got == 0) {
                unzip->is_at_end = true;
                if (unzip->in_member) error = -EBADMSG;
            }
        }
        if (!error && !unzip->is_at_end) error = unzip_step(unzip);
        if (error) {
            /* what was inflated before is given first; the error comes again by itself */
            size_t given = room - unzip->stream.avail_out;
            if (given == 0) return error;
            unzip->is_at_end = false;
            return (ptrdiff_t)given;
        }
    }
    return (ptrdiff_t)(room - unzip->stream.avail_out);
}

int unzip_check(int fd)
{
    struct unzip *unzip = unzip_create();
    char *scratch = xmalloc(UNZIP_INPUT);
    uint64_t offset = 0;
    ptrdiff_t got;
    do got = unzip_read(unzip, fd, &offset, scratch, UNZIP_INPUT);
    while (got > 0);
    free(scratch);
    unzip_destroy(unzip);
    return (int)got;
}

bool unzip_is_name(const char *path)
{
    struct str name = str_of(path);
    return str_ends(name, STR(".gz")) || str_ends(name, STR(".gzip"));
}
