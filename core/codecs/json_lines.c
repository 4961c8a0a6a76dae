/* SPDX-License-Identifier: Apache-2.0 */
/* json_lines: one JSON document a line. Blank lines are ignored; unlike json it keeps no
 * [event][original]. */
#include "core/codec.h"
#include "core/text/json.h"

struct json_lines {
    struct json_codec json;
    struct str delimiter;
    struct byte_size decode_size_limit_bytes; /* acted on by the host, which frames */
};

static const struct option options[] = {
    OPTION_GROUP(struct json_lines, json, json_codec_options),
    OPTION_STRING(struct json_lines, delimiter, .preset = "\n", .help = "What ends a line."),
    OPTION_SIZE(struct json_lines, decode_size_limit_bytes, .preset = "536870912",
                .help = "Longest line in bytes; a longer one is cut and fails to parse."),
    OPTION_END};

static bool create(void *self, const struct plugin_context *context)
{
    struct json_lines *line = self;
    return codec_set_delimiter(context, line->delimiter) &&
           json_codec_create(&line->json, context);
}

static void decode(void *self, struct str frame, struct decoder *decoder)
{
    struct json_lines *line = self;
    json_codec_decode(&line->json, frame, decoder);
}

static void encode(void *self, const struct event *event, struct buf *out)
{
    struct json_lines *line = self;
    json_encode_event(event, &line->json.times, out);
    buf_append(out, line->delimiter);
}

static void destroy(void *self)
{
    struct json_lines *line = self;
    json_codec_destroy(&line->json);
}

static void fields(const void *self, struct field_set *said)
{
    const struct json_lines *line = self;
    json_codec_fields(&line->json, said);
}

const struct codec_type codec_json_lines = {
    .name = "json_lines",
    .summary = "One JSON document a line.",
    .size = sizeof(struct json_lines),
    .options = options,
    .framing = FRAMING_LINES,
    .create = create,
    .decode = decode,
    .encode = encode,
    .destroy = destroy,
    .fields = fields,
    .is_ecs = false,
};
