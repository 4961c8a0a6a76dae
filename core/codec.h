/* SPDX-License-Identifier: Apache-2.0 */
/* What the codecs of core/codecs/ share: a character set, the text of an event, a document to
 * events. An instance belongs to one worker. */
#ifndef CORE_CODEC_H
#define CORE_CODEC_H
#include "core/plugin.h"
#include "core/text/charset.h"
#include "core/text/time.h"

/* ---- codecs of plain text: plain, line ---- */
struct text_codec {
    struct str charset;
    struct template format;
    /* not options */
    struct charset from;
    bool keeps_original; /* ECS: the text also goes to [event][original] */
};
extern const struct option text_codec_options[];

bool text_codec_create(struct text_codec *self, const struct plugin_context *context);
/* One event, its text in `message`; NULL at a limit. */
struct event *text_codec_decode(const struct text_codec *self, struct str frame, struct decoder *decoder);
/* By `format`, or Logstash's text of an event: time, host, message. */
void text_codec_encode(const struct text_codec *self, const struct event *event, struct buf *out);
void text_codec_destroy(struct text_codec *self);
void text_codec_fields(const struct text_codec *self, struct field_set *fields); /* of its events */

/* ---- codecs of JSON: json, json_lines ---- */
struct json_codec {
    struct str charset;
    struct path target;
    /* not options */
    struct charset from;
    bool keeps_original; /* ECS, and only json: see core/codecs/json.c */
    struct time_cache times;
};
extern const struct option json_codec_options[];

bool json_codec_create(struct json_codec *self, const struct plugin_context *context);
/* An object is an event, an array of objects so many, blank text none; anything else is an event
 * with the text in `message`, tagged `_jsonparsefailure`. */
void json_codec_decode(const struct json_codec *self, struct str frame, struct decoder *decoder);
void json_codec_destroy(struct json_codec *self);
void json_codec_fields(const struct json_codec *self, struct field_set *fields);

/* Of codecs of lines: gives the host, which cuts lines, their delimiter. False: it is empty. */
bool codec_set_delimiter(const struct plugin_context *context, struct str delimiter);

/* Sets [event][original] unless it is there. */
void event_keep_original(struct event *event, struct value text);

#endif
