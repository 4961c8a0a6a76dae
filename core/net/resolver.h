/* SPDX-License-Identifier: Apache-2.0 */
/* Names to addresses and back, asked of name servers on a worker's loop (c-ares): nothing blocks. Only DNS:
 * no hosts file, no other sources of names. Every question is answered once, by a call of its `done`,
 * perhaps before resolver_ask() returns.
 *
 * A name is asked for as an IPv4 address, and when there is none as an IPv6 address. An attempt asks each
 * server once; without any answer it is made again, up to `retries` times.
 *
 * Limits: QUESTIONS_MAX questions in flight are what an owner keeps to. One worker's thread. */
#ifndef CORE_NET_RESOLVER_H
#define CORE_NET_RESOLVER_H
#include "core/net/loop.h"
#include "core/text/str.h"

enum { QUESTIONS_MAX = 256, NAME_BYTES_MAX = 1024 /* longer ones are not asked for: no such name */ };

struct resolver_options {
    const char *servers; /* addresses with or without ports, joined by `,`; NULL: those of the system */
    const char *const *search;
    int search_count;    /* domains to try for short names; -1: those of the system */
    int ndots;           /* dots from which a name is not short; -1: as the system has it */
    int timeout_ms;      /* of one attempt at one server */
    uint32_t retries;
};

enum answer { ANSWER_FOUND, ANSWER_NONE, ANSWER_TIMEOUT, ANSWER_FAILED };

struct question {
    bool is_reverse; /* `text` is an address, a name is wanted */
    struct str text;
    void (*done)(struct question *question, enum answer answer, struct str found);
    void *opaque;
    /* the resolver's: */
    struct resolver *resolver;
    uint32_t attempts;
    bool is_v6;
};

struct resolver;
/* 0, or a UV_E code. `closed` is called by resolver_close(), when all its handles are. */
int resolver_open(struct resolver **resolver, struct loop *loop, const struct resolver_options *options);
/* The question and its text are the caller's until it is done. */
void resolver_ask(struct resolver *resolver, struct question *question);
/* Questions in flight are not answered any more. */
void resolver_close(struct resolver *resolver, void (*closed)(void *opaque), void *opaque);

#endif
