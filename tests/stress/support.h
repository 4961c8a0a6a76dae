/* SPDX-License-Identifier: Apache-2.0 */
/* What programs that stress whole pipelines share: a free port, and a pipeline of a text. */
#ifndef TESTS_STRESS_SUPPORT_H
#define TESTS_STRESS_SUPPORT_H
#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "pipelines/pipeline.h"

static inline int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int status = bind(file, (struct sockaddr *)&address, len);
    assert(status == 0);
    (void)status;
    getsockname(file, (struct sockaddr *)&address, &len);
    close(file);
    return ntohs(address.sin_port);
}

/* Of so many workers; a wrong text ends the program. */
static inline struct pipeline *build(const char *text, const char *workers, struct arena *arena)
{
    struct diag diag;
    diag_init(&diag);
    struct setting_list list = {.arena = arena};
    struct { const char *key, *value; } rows[] = {
        {"config.string", text}, {"pipeline.workers", workers}, {"pipeline.id", "stress"}, {"path.data", "/tmp"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        setting_list_add(&list, (struct setting){.key = str_of(rows[i].key),
                                                 .value = {.kind = CONFIG_STRING, .text = str_of(rows[i].value)}});
    struct settings settings;
    struct pipeline *pipeline = NULL;
    if (settings_load(&settings, &list, arena, &diag)) pipeline = pipeline_create(&settings, arena, &diag);
    if (!pipeline) {
        struct buf said = {0};
        diag_render(&diag, &said);
        fwrite(said.ptr, 1, said.len, stderr);
        exit(1);
    }
    diag_fini(&diag);
    return pipeline;
}

#endif
