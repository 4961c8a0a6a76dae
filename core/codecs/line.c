/* SPDX-License-Identifier: Apache-2.0 */
/* line: every line is a message, the delimiter is not part of it. The CR of a CRLF stays in the
 * message, as in Logstash: a pattern that ends in `\r?$` was written for it. An empty line is an
 * event with an empty message. */
#include "core/codec.h"

struct line {
    struct text_codec text;
    struct str delimiter;
};

static const struct option options[] = {
    OPTION_GROUP(struct line, text, text_codec_options),
    OPTION_STRING(struct line, delimiter, .preset = "\n", .help = "What ends a line."),
    OPTION_END};

static bool create(void *self, const struct plugin_context *context)
{
    struct line *line = self;
    return codec_set_delimiter(context, line->delimiter) &&
           text_codec_create(&line->text, context);
}

static void decode(void *self, struct str frame, struct decoder *decoder)
{
    struct line *line = self;
    text_codec_decode(&line->text, frame, decoder);
}

static void encode(void *self, const struct event *event, struct buf *out)
{
    struct line *line = self;
    text_codec_encode(&line->text, event, out);
    buf_append(out, line->delimiter);
}

static void destroy(void *self)
{
    struct line *line = self;
    text_codec_destroy(&line->text);
}

static void fields(const void *self, struct field_set *said)
{
    const struct line *line = self;
    text_codec_fields(&line->text, said);
}

const struct codec_type codec_line = {
    .name = "line",
    .summary = "Every line is a message.",
    .size = sizeof(struct line),
    .options = options,
    .framing = FRAMING_LINES,
    .create = create,
    .decode = decode,
    .encode = encode,
    .destroy = destroy,
    .fields = fields,
    .is_ecs = true,
};
