/* SPDX-License-Identifier: Apache-2.0 */
/* plain: the whole frame is the message. Streams of bytes use `line` instead. */
#include "core/codec.h"

static bool create(void *self, const struct plugin_context *context)
{
    return text_codec_create(self, context);
}

static void decode(void *self, struct str frame, struct decoder *decoder)
{
    text_codec_decode(self, frame, decoder);
}

static void encode(void *self, const struct event *event, struct buf *out)
{
    text_codec_encode(self, event, out);
}

static void destroy(void *self) { text_codec_destroy(self); }

static void fields(const void *self, struct field_set *said)
{
    text_codec_fields(self, said);
}

const struct codec_type codec_plain = {
    .name = "plain",
    .summary = "The whole text is the message.",
    .size = sizeof(struct text_codec),
    .options = text_codec_options,
    .framing = FRAMING_WHOLE,
    .create = create,
    .decode = decode,
    .encode = encode,
    .destroy = destroy,
    .fields = fields,
    .streaming_as = "line",
    .is_ecs = true,
};
