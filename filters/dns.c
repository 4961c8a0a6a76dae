/* SPDX-License-Identifier: Apache-2.0 */
/* dns: asks name servers for the addresses of names and the names of addresses in fields. The batch waits
 * while answers are missing; each name is asked for once in a batch, whoever has it.
 *
 *   ask:   each event goes through its fields, resolve before reverse, until an answer is missing
 *   apply: says what became of each
 *
 * Hosts files come first, then caches (one for all workers of a pipeline), then the servers.
 *
 * Departures: names with letters beyond ASCII are asked for as they are; the servers of the system are read
 * when the pipeline starts. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <uv.h>
#include "core/filter.h"
#include "core/log.h"
#include "core/net/address.h"
#include "core/net/resolver.h"
#include "core/state/table.h"

enum { HOSTS_BYTES_MAX = 4 * 1024 * 1024, ANSWER_BYTES_MAX = 256, ASKED_FIRST = 64 };
enum { ACTION_APPEND, ACTION_REPLACE };
static const char *const action_choices[] = {"append", "replace", NULL};

struct dns {
    struct path_list resolve, reverse;
    struct choice action;
    struct config_option nameserver;
    struct duration timeout, hit_cache_ttl, failed_cache_ttl;
    int64_t max_retries, hit_cache_size, failed_cache_size;
    struct str_list hostsfile, tag_on_timeout;
    struct map addresses, names; /* of hosts files */
    struct arena *arena;         /* of the configuration */
    struct resolver_options options;
    struct resolver *resolver;
    struct filter *host;
    struct shared *shared;
    struct str id;
    struct job *job; /* of the batch that is asked for; in its memory */
    bool has_job;    /* not all answers have come */
    uint32_t in_flight;
};

/* A question of a batch, and its answer. */
struct asked {
    struct question question; /* first */
    struct dns *dns;
    enum answer answer;
    bool is_answered;
    struct str found;
};

enum state { STATE_ASKING, STATE_MATCHED, STATE_STOPPED, STATE_TIMEOUT };

struct job {
    struct batch *batch;
    struct asked **asked; /* all questions */
    uint32_t count, capacity;
    struct map numbers[2]; /* text to place in `asked`; resolve, reverse */
    uint8_t *states;   /* enum state, by event index */
    uint16_t *steps;   /* fields that an event has done with */
};

/* ---- caches ---- */

struct cached {
    uint64_t until_ns;
    uint32_t len;
    char found[ANSWER_BYTES_MAX];
};

struct dns_state {
    struct table hits, failures;
};

static void state_init(void *opaque, struct shared *shared)
{
    struct dns_state *state = opaque;
    table_init(&state->hits, shared, sizeof(struct cached), NULL);
    table_init(&state->failures, shared, sizeof(struct cached), NULL);
}

static void state_fini(void *opaque)
{
    struct dns_state *state = opaque;
    table_fini(&state->hits);
    table_fini(&state->failures);
}

static const struct shared_type dns_shared = {
    .name = "dns", .size = sizeof(struct dns_state), .init = state_init, .fini = state_fini};

static struct str cache_key(const struct question *question, struct arena *arena)
{
    return arena_printf(arena, "%c%.*s", question->is_reverse ? 'r' : 'a', STR_ARG(question->text));
}

static struct cached *cache_find(struct table *table, struct str key, uint64_t now)
{
    struct cached *cached = table_find(table, key);
    if (!cached || cached->until_ns > now) return cached;
    table_remove(table, cached);
    return NULL;
}

static void cache_put(struct table *table, struct str key, int64_t most, struct duration ttl, struct str found)
{
    if (!most || found.len > ANSWER_BYTES_MAX) return;
    struct cached *cached = table_find(table, key);
    while (!cached && !table_has_room(table, (uint64_t)most, sizeof *cached + key.len))
        table_evict(table, table_oldest(table));
    if (!cached) cached = table_add(table, key);
    table_touch(table, cached);
    cached->until_ns = uv_hrtime() + (uint64_t)ttl.ns;
    cached->len = (uint32_t)found.len;
    if (found.len) memcpy(cached->found, found.ptr, found.len);
}

static bool has_cache(const struct dns *self) { return self->hit_cache_size || self->failed_cache_size; }

static bool cache_answers(struct dns *self, struct asked *asked, struct arena *arena)
{
    if (!has_cache(self)) return false;
    struct dns_state *state = shared_enter(self->shared);
    struct str key = cache_key(&asked->question, arena);
    uint64_t now = uv_hrtime();
    struct cached *hit = cache_find(&state->hits, key, now);
    bool has_failed = !hit && cache_find(&state->failures, key, now);
    if (hit) {
        table_touch(&state->hits, hit);
        asked->found = arena_copy(arena, (struct str){hit->found, hit->len});
    }
    shared_leave(self->shared);
    asked->answer = hit ? ANSWER_FOUND : ANSWER_NONE;
    return asked->is_answered = hit || has_failed;
}

static void cache_keep(struct dns *self, const struct asked *asked, struct arena *arena)
{
    if (!has_cache(self)) return;
    struct dns_state *state = shared_enter(self->shared);
    struct str key = cache_key(&asked->question, arena);
    if (asked->answer == ANSWER_FOUND)
        cache_put(&state->hits, key, self->hit_cache_size, self->hit_cache_ttl, asked->found);
    else if (asked->answer != ANSWER_FAILED)
        cache_put(&state->failures, key, self->failed_cache_size, self->failed_cache_ttl, (struct str){0});
    shared_leave(self->shared);
}

/* ---- options ---- */

static const struct option dns_options[] = {
    OPTION_PATHS(struct dns, resolve, .help = "Fields with names whose addresses are wanted."),
    OPTION_PATHS(struct dns, reverse, .help = "Fields with addresses whose names are wanted."),
    OPTION_CHOICE(struct dns, action, .preset = "append", .choices = action_choices,
                  .help = "append: the field becomes a list of both; replace: the answer takes its place."),
    OPTION_RAW(struct dns, nameserver,
               .help = "Servers to ask, with a port where it is not 53: \"192.0.2.1:5353\", a list of them, or "
                       "{ \"address\" => [...] \"search\" => [...] \"ndots\" => 1 }; else those of the system."),
    OPTION_DURATION(struct dns, timeout, .preset = "0.5", .unit = "s", .min = 1000000, .max = 60000000000,
                    .help = "How long an attempt waits for each server."),
    OPTION_INT(struct dns, max_retries, .preset = "2", .min = 0, .max = 100,
               .help = "How often a question is asked again when no server answers."),
    OPTION_INT(struct dns, hit_cache_size, .preset = "0", .min = 0, .max = 1000000,
               .help = "Answers that are remembered, for all workers. 0: none."),
    OPTION_DURATION(struct dns, hit_cache_ttl, .preset = "60", .unit = "s", .min = 0, .max = 86400000000000,
                    .help = "For how long."),
    OPTION_INT(struct dns, failed_cache_size, .preset = "0", .min = 0, .max = 1000000,
               .help = "Names without an answer that are remembered. 0: none."),
    OPTION_DURATION(struct dns, failed_cache_ttl, .preset = "5", .unit = "s", .min = 0, .max = 86400000000000,
                    .help = "For how long."),
    OPTION_STRINGS(struct dns, hostsfile, .help = "Files in the form of /etc/hosts, which are asked first."),
    OPTION_STRINGS(struct dns, tag_on_timeout, .preset = "_dnstimeout",
                   .help = "Tags of events whose question nobody has answered in time."),
    OPTION_END
};

/* ---- hosts files ---- */

static struct str word_next(struct str *line)
{
    size_t start = 0, end;
    while (start < line->len && is_blank(line->ptr[start])) start++;
    for (end = start; end < line->len && !is_blank(line->ptr[end]);) end++;
    struct str word = str_slice(*line, start, end);
    *line = str_from(*line, end);
    return word;
}

/* The first line that has a name or address counts. */
static void pair_keep(struct map *map, struct arena *arena, struct str name, struct str value)
{
    struct key key = key_of(name);
    if (!map_get(map, &key)) map_set(map, arena, key, value_string(value));
}

static void hosts_line(struct dns *self, struct str line)
{
    const char *comment = line.len ? memchr(line.ptr, '#', line.len) : NULL;
    if (comment) line.len = (size_t)(comment - line.ptr);
    struct str address = word_next(&line), name;
    struct address parsed;
    if (!address.len || !address_parse(&parsed, address, 0)) return;
    for (bool is_first = true; (name = word_next(&line)).len; is_first = false) {
        pair_keep(&self->addresses, self->arena, name, address);
        if (is_first) pair_keep(&self->names, self->arena, address, name);
    }
}

static bool hosts_read(struct dns *self, const struct plugin_context *context, uint32_t number)
{
    const char *path = arena_copy_z(context->arena, self->hostsfile.items[number]);
    struct place place = context_item_place(context, "hostsfile", number);
    struct stat status;
    int error = stat(path, &status) ? errno : S_ISREG(status.st_mode) ? 0 : EINVAL; /* a pipe would block */
    FILE *file = error ? NULL : fopen(path, "re");
    if (!file && !error) error = errno;
    if (!file) {
        diag_error(context->diag, place, "cannot read the hosts file `%s`: %s", path, strerror(error));
        return false;
    }
    char *bytes = arena_alloc(context->arena, HOSTS_BYTES_MAX + 1);
    struct str text = {bytes, fread(bytes, 1, HOSTS_BYTES_MAX + 1, file)};
    fclose(file);
    if (text.len > HOSTS_BYTES_MAX) {
        diag_error(context->diag, place, "the hosts file `%s` has more than %d bytes", path, HOSTS_BYTES_MAX);
        return false;
    }
    while (text.len) {
        const char *end = memchr(text.ptr, '\n', text.len);
        size_t len = end ? (size_t)(end - text.ptr) : text.len;
        hosts_line(self, str_slice(text, 0, len));
        text = str_from(text, end ? len + 1 : len);
    }
    return true;
}

/* ---- name servers ---- */

static bool port_is_sound(struct str port)
{
    int64_t number = 0;
    for (size_t i = 0; i < port.len && number <= 65535; i++) {
        if (!is_digit(port.ptr[i])) return false;
        number = number * 10 + (port.ptr[i] - '0');
    }
    return port.len && number > 0 && number <= 65535;
}

static bool server_is_sound(struct str text)
{
    struct address address;
    if (address_parse(&address, text, 53)) return true;
    const char *colon = text.len ? memrchr(text.ptr, ':', text.len) : NULL;
    if (!colon) return false;
    size_t at = (size_t)(colon - text.ptr);
    return address_parse(&address, str_slice(text, 0, at), 53) && port_is_sound(str_from(text, at + 1));
}

static bool servers_read(struct dns *self, const struct plugin_context *context, const struct config_value *value)
{
    struct buf list = buf_in_arena(context->arena);
    bool ok = true, is_list = value->kind == CONFIG_ARRAY;
    for (uint32_t i = 0; i < (is_list ? value->count : 1); i++) {
        const struct config_value *item = is_list ? &value->items[i] : value;
        if (!server_is_sound(item->text)) {
            diag_hint(context->diag, diag_error(context->diag, item->place, "`%.*s` is no address of a name server",
                                                STR_ARG(item->text)),
                      "write an address, not a name: \"192.0.2.1\" or \"192.0.2.1:5353\"");
            ok = false;
        }
        buf_printf(&list, "%s%.*s", i ? "," : "", STR_ARG(item->text));
    }
    if (list.len) self->options.servers = arena_copy_z(context->arena, buf_str(&list));
    return ok;
}

static void search_read(struct dns *self, struct arena *arena, const struct config_value *value)
{
    bool is_list = value->kind == CONFIG_ARRAY;
    uint32_t count = is_list ? value->count : 1;
    const char **names = arena_alloc(arena, (count + 1) * sizeof *names);
    for (uint32_t i = 0; i < count; i++) names[i] = arena_copy_z(arena, is_list ? value->items[i].text : value->text);
    self->options.search = names;
    self->options.search_count = (int)count;
}

static bool nameserver_read(struct dns *self, const struct plugin_context *context)
{
    const struct config_value *value = self->nameserver.value;
    if (!value) return true;
    self->options.search_count = 0;
    self->options.ndots = 1;
    if (value->kind != CONFIG_HASH) return servers_read(self, context, value);
    bool ok = true;
    for (uint32_t i = 0; i < value->count; i++) {
        const struct config_value *key = &value->keys[i], *item = &value->items[i];
        int64_t dots = 0;
        double real;
        if (str_eq_z(key->text, "address")) {
            ok = servers_read(self, context, item) && ok;
        } else if (str_eq_z(key->text, "search")) {
            search_read(self, context->arena, item);
        } else if (str_eq_z(key->text, "ndots") && config_number(item->text, &dots, &real) == NUMBER_INT &&
                   dots >= 0 && dots <= 15) {
            self->options.ndots = (int)dots;
        } else {
            diag_hint(context->diag, diag_error(context->diag, key->place, "`%.*s` is not understood in nameserver",
                                                STR_ARG(key->text)),
                      "it takes address, search and ndots (0 to 15)");
            ok = false;
        }
    }
    return ok;
}

static bool dns_create(void *opaque, const struct plugin_context *context)
{
    struct dns *self = opaque;
    self->id = context->id;
    self->arena = context->arena;
    self->shared = context_share_own(context, &dns_shared);
    self->options = (struct resolver_options){.search_count = -1, .ndots = -1,
                                              .timeout_ms = (int)(self->timeout.ns / 1000000),
                                              .retries = (uint32_t)self->max_retries};
    map_init(&self->addresses, context->arena, 0);
    map_init(&self->names, context->arena, 0);
    bool ok = nameserver_read(self, context);
    for (uint32_t i = 0; i < self->hostsfile.count; i++) ok = hosts_read(self, context, i) && ok;
    if (self->resolve.count || self->reverse.count) return ok;
    diag_hint(context->diag, diag_error(context->diag, context->place, "there is nothing to look up"),
              "set resolve or reverse");
    return false;
}

/* ---- asking ---- */

static void answer_came(struct question *question, enum answer answer, struct str found)
{
    struct asked *asked = (struct asked *)(void *)question;
    struct dns *self = asked->dns;
    struct arena *arena = &self->job->batch->arena;
    asked->answer = answer;
    asked->is_answered = true;
    asked->found = arena_copy(arena, found);
    cache_keep(self, asked, arena);
    assert(self->in_flight > 0);
    if (--self->in_flight == 0) filter_ready(self->host);
}

static struct asked *asked_new(struct dns *self, struct str text, bool is_reverse)
{
    struct job *job = self->job;
    struct arena *arena = &job->batch->arena;
    struct asked *asked = arena_zalloc(arena, sizeof *asked);
    asked->dns = self;
    asked->question = (struct question){.is_reverse = is_reverse, .text = text, .done = answer_came};
    if (job->count == job->capacity) {
        uint32_t capacity = job->capacity ? job->capacity * 2 : ASKED_FIRST;
        job->asked = arena_regrow(arena, job->asked, job->capacity * sizeof(struct asked *),
                                  capacity * sizeof(struct asked *));
        job->capacity = capacity;
    }
    map_set(&job->numbers[is_reverse], arena, key_of(text), value_int(job->count));
    return job->asked[job->count++] = asked;
}

static bool hosts_answer(const struct dns *self, struct asked *asked)
{
    const struct key key = key_of(asked->question.text);
    const struct value *value = map_get(asked->question.is_reverse ? &self->names : &self->addresses, &key);
    if (!value) return false;
    asked->found = value_text(value);
    asked->answer = ANSWER_FOUND;
    return asked->is_answered = true;
}

/* The question with its answer; NULL: it is missing, or may not be asked for yet. */
static const struct asked *answer_of(struct dns *self, struct str text, bool is_reverse)
{
    struct job *job = self->job;
    const struct key key = key_of(text);
    const struct value *number = map_get(&job->numbers[is_reverse], &key);
    if (number) {
        const struct asked *asked = job->asked[number->integer];
        return asked->is_answered ? asked : NULL;
    }
    if (self->in_flight >= QUESTIONS_MAX) return NULL;
    struct asked *asked = asked_new(self, text, is_reverse);
    if (hosts_answer(self, asked) || cache_answers(self, asked, &job->batch->arena)) return asked;
    self->in_flight++;
    resolver_ask(self->resolver, &asked->question);
    return asked->is_answered ? asked : NULL;
}

/* The answer into the field, as `action` says. */
static void answer_put(const struct dns *self, const struct path *path, struct event *event, struct value raw,
                       bool is_array, struct str found)
{
    struct value answer = value_string(found);
    if (self->action.value == ACTION_REPLACE && !is_array) {
        path_set(path, event, answer);
        return;
    }
    struct value list = value_array(event->arena, 2);
    if (self->action.value == ACTION_APPEND) array_push(list.array, event->arena, raw);
    array_push(list.array, event->arena, answer);
    path_set(path, event, list);
}

/* One field of an event. STATE_MATCHED: done with it, go on. */
static enum state field_look(struct dns *self, const struct path *path, struct event *event, bool is_reverse)
{
    const struct value *value = path_get(path, event);
    if (!value || value->kind == VALUE_NULL) {
        LOG(LOG_DEBUG, "dns.no_field", self->id, "the field `%.*s` is missing", STR_ARG(path->text));
        return STATE_MATCHED;
    }
    bool is_array = value->kind == VALUE_ARRAY;
    if (is_array && value->array->count != 1) return STATE_STOPPED;
    struct value raw = is_array ? value->array->items[0] : *value;
    struct address address;
    if (raw.kind != VALUE_STRING) return STATE_STOPPED;
    bool is_address = address_parse(&address, value_text(&raw), 0);
    if (is_reverse && !is_address) return STATE_STOPPED;
    if (!is_reverse && is_address) { /* it is its own */
        answer_put(self, path, event, raw, is_array, value_text(&raw));
        return STATE_MATCHED;
    }
    const struct asked *asked = answer_of(self, value_text(&raw), is_reverse);
    if (!asked) return STATE_ASKING;
    if (asked->answer == ANSWER_TIMEOUT) return STATE_TIMEOUT;
    if (asked->answer != ANSWER_FOUND) return STATE_STOPPED;
    answer_put(self, path, event, raw, is_array, asked->found);
    return STATE_MATCHED;
}

static enum state event_go_on(struct dns *self, struct event *event)
{
    uint16_t *step = &self->job->steps[event->index];
    uint32_t resolves = self->resolve.count;
    for (; *step < resolves + self->reverse.count; (*step)++) {
        bool is_reverse = *step >= resolves;
        const struct path *path = is_reverse ? &self->reverse.items[*step - resolves] : &self->resolve.items[*step];
        enum state state = field_look(self, path, event, is_reverse);
        if (state != STATE_MATCHED) return state;
    }
    return STATE_MATCHED;
}

static void job_begin(struct dns *self, struct batch *batch)
{
    struct arena *arena = &batch->arena;
    struct job *job = arena_zalloc(arena, sizeof *job);
    job->batch = batch;
    job->states = arena_zalloc(arena, batch->count * sizeof *job->states);
    job->steps = arena_zalloc(arena, batch->count * sizeof *job->steps);
    map_init(&job->numbers[0], arena, 0);
    map_init(&job->numbers[1], arena, 0);
    self->job = job;
    self->has_job = true;
}

static bool dns_ask(void *opaque, struct batch *batch, const struct selection *in)
{
    struct dns *self = opaque;
    if (self->in_flight) return false;
    if (!self->has_job) job_begin(self, batch);
    assert(self->job->batch == batch);
    bool is_done = true;
    SELECTION_EACH (batch, in, event) {
        uint8_t *state = &self->job->states[event->index];
        if (*state == STATE_ASKING) *state = (uint8_t)event_go_on(self, event);
        is_done &= *state != STATE_ASKING;
    }
    /* answers that came at once: what waited for room may be asked now */
    if (!is_done && !self->in_flight) filter_ready(self->host);
    self->has_job = !is_done;
    return is_done;
}

static void dns_apply(void *opaque, struct batch *batch, const struct selection *in, struct outcome *out)
{
    struct dns *self = opaque;
    assert(self->job && self->job->batch == batch);
    SELECTION_EACH (batch, in, event) {
        enum state state = self->job->states[event->index];
        if (state == STATE_MATCHED) outcome_matched(out, event);
        if (state == STATE_STOPPED) outcome_failed(out, event, (struct str){0});
        if (state == STATE_TIMEOUT) outcome_failed_tags(out, event, self->tag_on_timeout);
    }
}

static int dns_start(void *opaque, struct filter *host)
{
    struct dns *self = opaque;
    self->host = host;
    return resolver_open(&self->resolver, host->loop, &self->options);
}

static void dns_closed(void *opaque) { filter_stopped(((struct dns *)opaque)->host); }

static void dns_stop(void *opaque)
{
    struct dns *self = opaque;
    assert(!self->in_flight);
    resolver_close(self->resolver, dns_closed, self);
}

static void dns_fields(const void *opaque, struct field_set *fields)
{
    const struct dns *self = opaque;
    unsigned types = self->action.value == ACTION_APPEND ? TYPE_ARRAY : TYPE_STRING | TYPE_ARRAY;
    for (uint32_t i = 0; i < self->resolve.count; i++) {
        fields_read_if_set(fields, &self->resolve.items[i]);
        fields_may_put(fields, &self->resolve.items[i], types);
    }
    for (uint32_t i = 0; i < self->reverse.count; i++) {
        fields_read_if_set(fields, &self->reverse.items[i]);
        fields_may_put(fields, &self->reverse.items[i], types);
    }
}

const struct filter_type filter_dns = {
    .name = "dns",
    .summary = "Looks up addresses of names, and names of addresses.",
    .size = sizeof(struct dns),
    .options = dns_options,
    .create = dns_create,
    .apply = dns_apply,
    .start = dns_start,
    .ask = dns_ask,
    .stop = dns_stop,
    .fields = dns_fields,
};
