/* SPDX-License-Identifier: Apache-2.0 */
#include "pipelines/lsp/catalogue.h"
#include <assert.h>
#include "core/common_options.h"
#include "pipelines/testing/test_file.h"

const char *plugin_kind_name(enum plugin_kind kind)
{
    if (kind == KIND_TEST) return "block";
    return kind == KIND_CODEC ? "codec" : section_name((enum section_kind)kind);
}

static const struct option no_options[] = {OPTION_END};

#define DESCRIBE(kind_, types_, common_)                                                     \
    do {                                                                                     \
        if (!types_[index]) return false;                                                    \
        *out = (struct described){.kind = kind_, .name = types_[index]->name,                \
                                  .summary = types_[index]->summary,                         \
                                  .own = types_[index]->options, .common = common_};         \
    } while (0)

bool catalogue_get(enum plugin_kind kind, size_t index, struct described *out)
{
    switch (kind) {
    case KIND_INPUT: DESCRIBE(KIND_INPUT, input_types, input_common_options); break;
    case KIND_FILTER: DESCRIBE(KIND_FILTER, filter_types, filter_common_options); break;
    case KIND_OUTPUT: DESCRIBE(KIND_OUTPUT, output_types, output_common_options); break;
    case KIND_CODEC:
        DESCRIBE(KIND_CODEC, codec_types, codec_common_options);
        out->can_decode = codec_types[index]->decode != NULL;
        out->can_encode = codec_types[index]->encode != NULL;
        break;
    case KIND_TEST:
        if (index) return false;
        *out = (struct described){.kind = KIND_TEST, .name = "test",
                                  .summary = "A test of this configuration, for `tailrace test`.",
                                  .own = test_block_options, .common = no_options};
    }
    return true;
}

bool catalogue_find(enum plugin_kind kind, struct str name, struct described *out)
{
    for (size_t i = 0; catalogue_get(kind, i, out); i++)
        if (str_eq_z(name, out->name)) return true;
    return false;
}

bool catalogue_find_scope(const struct scan *scan, const struct scope *scope, struct described *out)
{
    if (scope->kind == SCOPE_TEST) return catalogue_get(KIND_TEST, 0, out);
    enum plugin_kind kind = scope->kind == SCOPE_CODEC ? KIND_CODEC : (enum plugin_kind)scope->section;
    return catalogue_find(kind, scope_name(scan, scope), out);
}

const struct option *described_option(const struct described *plugin, struct str name)
{
    assert(plugin->common);
    const struct option *option = plugin->own ? option_find(plugin->own, name) : NULL;
    if (!option) option = option_find(plugin->common, name);
    if (!option || !option->alias_of) return option;
    return described_option(plugin, str_of(option->alias_of));
}
