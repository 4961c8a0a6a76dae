/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/keystore_command.h"
#include <stdlib.h>
#include <unistd.h>
#include "pipelines/terminal.h"

/* What an action works on. */
struct work {
    const char *path;
    struct str *names;
    uint32_t name_count;
    struct keystore store;
    struct diag *diag;
};

static const char unprotected[] =
    "the keystore has no password: its file's mode (0600) is all that guards it; create it with "
    "TAILRACE_KEYSTORE_PASS set to encrypt it";

struct str keystore_password(void)
{
    static const char *const names[] = {"TAILRACE_KEYSTORE_PASS", "LOGSTASH_KEYSTORE_PASS"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (value && *value) return str_of(value);
    }
    return (struct str){0};
}

static bool read_value(struct str name, char *line, size_t size, struct str *value)
{
    char prompt[KEYSTORE_NAME_MAX + 32];
    snprintf(prompt, sizeof prompt, "Value of %.*s (not shown): ", STR_ARG(name));
    return terminal_read_secret(prompt, line, size, value);
}

static bool load(struct work *work)
{
    bool is_missing;
    if (keystore_load(&work->store, work->path, keystore_password(), &is_missing, work->diag)) return true;
    if (is_missing)
        diag_hint(work->diag, diag_error(work->diag, (struct place){0}, "there is no keystore %s", work->path),
                  "make it with `tailrace keystore create`");
    return false;
}

/* Saved as it was: a store without a password does not get one by the way. */
static bool save(const struct work *work)
{
    struct str password = work->store.is_protected ? keystore_password() : (struct str){0};
    if (!password.len) diag_warning(work->diag, (struct place){0}, "%s", unprotected);
    return keystore_save(&work->store, work->path, password, work->diag);
}

static bool create(struct work *work)
{
    if (access(work->path, F_OK) == 0) {
        diag_hint(work->diag, diag_error(work->diag, (struct place){0}, "%s is there already", work->path),
                  "remove the file first if its secrets are to go");
        return false;
    }
    work->store.is_protected = keystore_password().len > 0;
    if (!save(work)) return false;
    printf("Created %s\n", work->path);
    return true;
}

static bool add(struct work *work)
{
    if (!load(work)) return false;
    char line[KEYSTORE_VALUE_MAX + 3]; /* the value, its line end, and one byte to see what is longer */
    bool ok = true;
    for (uint32_t i = 0; i < work->name_count && ok; i++) {
        struct str name = work->names[i], value;
        bool is_there = keystore_get(&work->store, name) != NULL;
        if (!read_value(name, line, sizeof line, &value) || value.len == 0) {
            diag_error(work->diag, (struct place){0}, "no value for `%.*s`: nothing is changed", STR_ARG(name));
            ok = false;
            break;
        }
        const char *wrong = keystore_set(&work->store, name, value);
        ok = !wrong;
        if (wrong) diag_error(work->diag, (struct place){0}, "`%.*s`: %s; nothing is changed", STR_ARG(name), wrong);
        else printf("%s %.*s\n", is_there ? "Replaced" : "Added", STR_ARG(name));
    }
    explicit_bzero(line, sizeof line);
    return ok && save(work);
}

static bool list(struct work *work)
{
    if (!load(work)) return false;
    for (uint32_t i = 0; i < work->store.count; i++) printf("%.*s\n", STR_ARG(work->store.items[i].name));
    return true;
}

static bool remove_names(struct work *work)
{
    if (!load(work)) return false;
    for (uint32_t i = 0; i < work->name_count; i++) {
        if (keystore_remove(&work->store, work->names[i])) continue;
        diag_error(work->diag, (struct place){0}, "the keystore has no `%.*s`: nothing is changed",
                   STR_ARG(work->names[i]));
        return false;
    }
    return save(work);
}

static const struct {
    const char *name;
    bool (*run)(struct work *work);
    bool has_names;
} actions[] = {{"create", create, false}, {"add", add, true}, {"list", list, false}, {"remove", remove_names, true}};

enum { ACTION_COUNT = sizeof actions / sizeof *actions };

static void say_usage(const struct str_list *words, struct diag *diag)
{
    static const char usage[] = "tailrace keystore create, add NAME..., list or remove NAME...";
    struct str names[ACTION_COUNT], word = words->count ? words->items[0] : (struct str){0};
    bool is_known = word.len == 0;
    for (size_t i = 0; i < ACTION_COUNT; i++) {
        names[i] = str_of(actions[i].name);
        is_known |= str_eq(names[i], word);
    }
    if (is_known) {
        diag_hint(diag, diag_error(diag, (struct place){0}, "what is to be done with the keystore?"), "%s", usage);
        return;
    }
    struct message *message =
        diag_error(diag, (struct place){0}, "`%.*s` is nothing that can be done with the keystore", STR_ARG(word));
    struct str near = suggest(word, names, ACTION_COUNT);
    if (near.len) diag_hint(diag, message, "did you mean `%.*s`?", STR_ARG(near));
    diag_note(diag, message, "%s", usage);
}

bool keystore_command(const char *path, const struct str_list *words, bool *is_usage, struct diag *diag)
{
    *is_usage = false;
    for (size_t i = 0; words->count && i < ACTION_COUNT; i++) {
        if (!str_eq_z(words->items[0], actions[i].name) || actions[i].has_names != (words->count > 1)) continue;
        struct work work = {.path = path, .names = words->items + 1, .name_count = words->count - 1, .diag = diag};
        bool ok = actions[i].run(&work);
        keystore_fini(&work.store);
        return ok;
    }
    *is_usage = true;
    say_usage(words, diag);
    return false;
}
