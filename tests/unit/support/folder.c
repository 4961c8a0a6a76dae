/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support/folder.h"
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

void folder_begin(struct folder *folder)
{
    arena_init(&folder->arena, NULL);
    char *path = arena_copy_z(&folder->arena, STR("/tmp/tailrace-unit-XXXXXX"));
    if (!mkdtemp(path)) abort();
    folder->path = path;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *at)
{
    (void)status, (void)kind, (void)at;
    return remove(path);
}

void folder_end(struct folder *folder)
{
    nftw(folder->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    arena_fini(&folder->arena);
}

const char *folder_at(struct folder *folder, const char *name)
{
    return arena_copy_z(&folder->arena, arena_printf(&folder->arena, "%s/%s", folder->path, name));
}

static void put(struct folder *folder, const char *name, struct str bytes, int flags)
{
    char *path = (char *)folder_at(folder, name);
    for (char *slash = path + strlen(folder->path) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = 0;
        mkdir(path, 0777);
        *slash = '/';
    }
    int fd = open(path, O_WRONLY | O_CREAT | flags, 0666);
    if (fd < 0 || write(fd, bytes.ptr, bytes.len) != (ssize_t)bytes.len) abort();
    close(fd);
}

void folder_write(struct folder *folder, const char *name, const char *text)
{
    put(folder, name, str_of(text), O_TRUNC);
}

void folder_append(struct folder *folder, const char *name, const char *text)
{
    put(folder, name, str_of(text), O_APPEND);
}

void folder_write_bytes(struct folder *folder, const char *name, struct str bytes)
{
    put(folder, name, bytes, O_TRUNC);
}

struct str folder_read_bytes(struct folder *folder, const char *name)
{
    int fd = open(folder_at(folder, name), O_RDONLY);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) < 0) return (struct str){0};
    char *text = arena_alloc(&folder->arena, (size_t)status.st_size + 1);
    ssize_t got = read(fd, text, (size_t)status.st_size);
    close(fd);
    if (got < 0) abort();
    text[got] = 0;
    return (struct str){text, (size_t)got};
}

const char *folder_read(struct folder *folder, const char *name)
{
    return folder_read_bytes(folder, name).ptr;
}

const char *folder_unzip(struct folder *folder, const char *name)
{
    enum { ROOM = 4 * 1024 * 1024 };
    gzFile file = gzopen(folder_at(folder, name), "rb");
    if (!file) return NULL;
    char *text = arena_alloc(&folder->arena, ROOM);
    int got = gzread(file, text, ROOM - 1);
    gzclose(file);
    if (got < 0) return NULL;
    text[got] = 0;
    return text;
}

struct str folder_zip(struct folder *folder, const char *text)
{
    z_stream stream = {0};
    if (deflateInit2(&stream, 9, Z_DEFLATED, 31, 8, 0)) abort();
    size_t room = deflateBound(&stream, strlen(text)) + 64;
    char *out = arena_alloc(&folder->arena, room);
    stream.next_in = (Bytef *)(uintptr_t)text;
    stream.avail_in = (uInt)strlen(text);
    stream.next_out = (Bytef *)out;
    stream.avail_out = (uInt)room;
    if (deflate(&stream, Z_FINISH) != Z_STREAM_END) abort();
    deflateEnd(&stream);
    return (struct str){out, stream.total_out};
}
