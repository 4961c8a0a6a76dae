/* SPDX-License-Identifier: Apache-2.0 */
/* json: the frame is one JSON document. Streams of bytes use `json_lines` instead. */
#include "core/text/json.h"
#include "core/codec.h"

static bool create(void *self, const struct plugin_context *context)
{
    struct json_codec *json = self;
    json->keeps_original = context->ecs != ECS_DISABLED;
    return json_codec_create(json, context);
}

static void decode(void *self, struct str frame, struct decoder *decoder)
{
    json_codec_decode(self, frame, decoder);
}

static void encode(void *self, const struct event *event, struct buf *out)
{
    struct json_codec *json = self;
    json_encode_event(event, &json->times, out);
}

static void destroy(void *self) { json_codec_destroy(self); }

static void fields(const void *self, struct field_set *said)
{
    json_codec_fields(self, said);
}

const struct codec_type codec_json = {
    .name = "json",
    .summary = "The text is one JSON document: an object, or an array of objects.",
    .size = sizeof(struct json_codec),
    .options = json_codec_options,
    .framing = FRAMING_WHOLE,
    .create = create,
    .decode = decode,
    .encode = encode,
    .destroy = destroy,
    .fields = fields,
    .streaming_as = "json_lines",
    .is_ecs = true,
};
