/* SPDX-License-Identifier: Apache-2.0 */
/* The command line, with Logstash's flags: each flag is a setting, so that it is checked and
 * complained about like one in a file. Start-up only. */
#ifndef PIPELINES_COMMAND_LINE_H
#define PIPELINES_COMMAND_LINE_H
#include "pipelines/settings.h"
#include "pipelines/test_command.h"

enum command { COMMAND_RUN, COMMAND_CHECK, COMMAND_EXPLAIN, COMMAND_DOCS, COMMAND_HEALTH, COMMAND_KEYSTORE,
               COMMAND_FMT, COMMAND_LSP, COMMAND_TEST, COMMAND_REPL, COMMAND_TAP, COMMAND_TOP,
               COMMAND_GROK, COMMAND_QUEUE, COMMAND_DLQ, COMMAND_COUNT };

struct command_line {
    enum command command;
    struct setting_list settings;
    struct str path_settings;    /* --path.settings, or empty */
    struct str_list arguments;   /* of docs: names; of keystore, queue and dlq: action and names; of tap: what is
                                    looked at; of grok: a pattern, a file;
                                    of the others: paths */
    struct setting_list flags;   /* of tap, top, grok and dlq: their own, for their option tables */
    bool wants_help, wants_version;
    bool is_json;                /* check, test: --format json */
    bool wants_fields, is_strict; /* check --fields, check --strict */
    struct test_flags test;
    struct str compat;           /* check --compat: a Logstash's settings folder, or empty */
    bool only_names;             /* fmt --check */
    uint32_t width;              /* fmt --width; 0: not given */
};

/* False: a usage error, in the diag. Texts point into the arena. */
bool command_line_parse(struct command_line *line, int argc, char **argv, struct arena *arena,
                        struct diag *diag);
/* The help text of a command (COMMAND_RUN: the whole program's). */
void command_line_help(enum command command, struct buf *out);

#endif
