/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/repl/prompt.h"
#include <assert.h>
#include <dlfcn.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* libedit's functions, by the names that it shares with readline. A library that lacks one is not
 * used; a function pointer cannot be cast from what dlsym() returns, but its bytes can be copied.
 */
static bool symbol_find(void *library, const char *name, void *function, size_t size)
{
    assert(library && size == sizeof(void *));
    void *found = dlsym(library, name);
    if (found) memcpy(function, &found, size);
    return found != NULL;
}

static void library_load(struct prompt *prompt)
{
    int (*limit)(int lines) = NULL;
    void *library = dlopen("libedit.so.2", RTLD_LAZY | RTLD_LOCAL);
    if (!library) return;
    bool is_whole =
        symbol_find(library, "readline", &prompt->read_line, sizeof prompt->read_line) &&
        symbol_find(library, "add_history", &prompt->remember, sizeof prompt->remember) &&
        symbol_find(library, "stifle_history", &limit, sizeof limit);
    if (!is_whole) {
        prompt->read_line = NULL;
        prompt->remember = NULL;
        dlclose(library);
        return;
    }
    limit(PROMPT_HISTORY_MAX);
}

void prompt_open(struct prompt *prompt)
{
    *prompt = (struct prompt){.is_terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)};
    if (!prompt->is_terminal) return;
    setlocale(LC_CTYPE, "C.UTF-8"); /* characters of what is typed; numbers keep their form */
    library_load(prompt);
}

void prompt_close(struct prompt *prompt)
{
    free(prompt->line);
    prompt->line = NULL;
}

const char *prompt_read(struct prompt *prompt, const char *text)
{
    if (prompt->read_line) {
        assert(prompt->is_terminal);
        free(prompt->line);
        return prompt->line = prompt->read_line(text);
    }
    if (prompt->is_terminal) {
        fputs(text, stdout);
        fflush(stdout);
    }
    ssize_t len = getline(&prompt->line, &prompt->capacity, stdin);
    if (len < 0) return NULL;
    if (len > 0 && prompt->line[len - 1] == '\n') prompt->line[--len] = 0;
    if (len > 0 && prompt->line[len - 1] == '\r') prompt->line[--len] = 0;
    return prompt->line;
}

void prompt_remember(struct prompt *prompt, const char *line)
{
    if (prompt->remember && *line) prompt->remember(line);
}
