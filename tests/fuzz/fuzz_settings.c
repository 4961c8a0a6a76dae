/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a settings file: YAML, dotted keys, `${NAME}`, the table of settings, what is said of it, for
 * people and for editors. A list is read as pipelines.yml: each entry by itself. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include "core/yaml.h"
#include "pipelines/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every name with an `A` is known: what the environment holds must not matter. */
static bool secret(void *opaque, struct str name, struct arena *arena, struct str *value)
{
    (void)opaque;
    *value = arena_copy(arena, STR("[a, 'b']"));
    return memchr(name.ptr, 'A', name.len) != NULL;
}

static void load(const struct config_value *map, struct arena *arena, struct diag *diag)
{
    struct environment environment = {.secret = secret};
    struct environment_context context = {&environment, arena, diag};
    struct setting_list list = {.arena = arena, .environment = &environment};
    struct setting *flat;
    struct settings settings;
    uint32_t count = yaml_flatten(map, arena, &flat);
    environment_expand_settings(&context, flat, count);
    for (uint32_t i = 0; i < count; i++)
        if (!settings_key_is_foreign(flat[i].key)) setting_list_add(&list, flat[i]);
    uint32_t errors = diag->errors;
    bool is_right = settings_load(&settings, &list, arena, diag);
    if (is_right != (diag->errors == errors)) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = malloc(size ? size : 1);
    if (!copy) return 0;
    memcpy(copy, data, size);
    struct source_text source = {STR("fuzz.yml"), {copy, size}};
    struct arena arena;
    struct diag diag;
    struct buf out = {0};
    arena_init(&arena, NULL);
    diag_init(&diag);
    struct config_value *root = yaml_parse(&source, &arena, &diag);
    if (root && root->kind == CONFIG_HASH) load(root, &arena, &diag);
    for (uint32_t i = 0; root && root->kind == CONFIG_ARRAY && i < root->count; i++)
        if (root->items[i].kind == CONFIG_HASH) load(&root->items[i], &arena, &diag);
    diag_render(&diag, &out);
    diag_render_json(&diag, &out);
    buf_fini(&out);
    diag_fini(&diag);
    arena_fini(&arena);
    free(copy);
    return 0;
}
