/* SPDX-License-Identifier: Apache-2.0 */
/* The options of the output: what is written here is the manual. */
#include "core/elastic/elastic.h"

static const char *const tristates[] = {"true", "false", "auto", NULL};
const char *const elastic_version_types[] = {"internal", "external", "external_gt", "external_gte", "force", NULL};
const char *const elastic_script_types[] = {"inline", "indexed", "file", NULL};
const char *const elastic_stream_types[] = {"logs", "metrics", "synthetics", "traces", NULL};
static const char *const template_apis[] = {"auto", "legacy", "composable", NULL};
static const char *const conflicts[] = {"drop", "sent", NULL};
static const char *const verifications[] = {"full", "certificate", "none", NULL};

#define S struct elastic_options
#define T struct elastic_tls
static const struct option tls_rows[] = {
    OPTION_STRING(T, ssl_enabled, .help = "true or false; not given: as the addresses say (https)."),
    {.name = "ssl", .kind = OPTION_IS_STRING, .alias_of = "ssl_enabled", .offset = offsetof(T, ssl_enabled),
     .deprecated = "use ssl_enabled", .help = "Old spelling of ssl_enabled."},
    OPTION_CHOICE(T, ssl_verification_mode, .preset = "full", .choices = verifications,
                  .help = "Checks the server's chain and name (full), its chain (certificate), or nothing (none)."),
    OPTION_STRINGS(T, ssl_certificate_authorities, .max = 1,
                   .help = "File (PEM) of the authorities that are trusted; not given: the system's."),
    {.name = "cacert", .kind = OPTION_IS_STRINGS, .alias_of = "ssl_certificate_authorities", .max = 1,
     .offset = offsetof(T, ssl_certificate_authorities), .deprecated = "use ssl_certificate_authorities",
     .help = "Old spelling of ssl_certificate_authorities."},
    OPTION_STRING(T, ssl_certificate, .help = "File of the client's certificate and its chain (PEM)."),
    OPTION_STRING(T, ssl_key, .help = "File of its key (PEM)."),
    OPTION_SECRET(T, ssl_key_passphrase, .help = "Passphrase of the key."),
    OPTION_STRING(T, ssl_keystore_path, .help = "File .p12 with certificate and key, instead of two files."),
    OPTION_SECRET(T, ssl_keystore_password, .help = "Its password."),
    OPTION_STRINGS(T, ssl_supported_protocols, .help = "TLSv1.3 alone, or TLSv1.2 and TLSv1.3 (the preset)."),
    OPTION_STRINGS(T, ssl_cipher_suites, .help = "Ciphers of TLS 1.2, by OpenSSL's names."),
    OPTION_OBSOLETE("ca_trusted_fingerprint", "not in this version: give the authority's certificate by "
                                              "ssl_certificate_authorities"),
    OPTION_OBSOLETE("ssl_truststore_path", "not in this version: export the authorities as PEM (keytool -exportcert "
                                           "-rfc) and give them by ssl_certificate_authorities"),
    OPTION_END};
#undef T

#define SECONDS(n_) ((n_) * INT64_C(1000000000))
const struct option elastic_option_table[] = {
    OPTION_STRINGS(S, hosts, .preset = "//127.0.0.1", .min = 1, .max = ENDPOINTS_MAX,
                   .help = "Addresses, used in turn: \"https://es1:9200\". Port 9200 when there is none."),
    OPTION_STRING(S, cloud_id, .help = "Name of a deployment at Elastic's cloud, instead of hosts."),
    OPTION_SECRET(S, cloud_auth, .help = "USER:PASSWORD for it."),
    OPTION_STRING(S, user, .help = "Name of the login."),
    OPTION_SECRET(S, password, .help = "Its password."),
    OPTION_SECRET(S, api_key, .help = "Key as ID:KEY, or as base64 of that."),
    OPTION_SECRET(S, bearer_token, .help = "Token for `Authorization: Bearer`."),
    OPTION_STRING(S, path, .help = "Where the store lies behind the host, when a proxy maps it: \"/es\"."),
    OPTION_STRING(S, bulk_path, .help = "Where bulk requests go; not given: `path` and \"/_bulk\"."),
    OPTION_PAIRS(S, parameters, .help = "Parameters that are added to each address."),
    OPTION_PAIRS(S, custom_headers, .help = "Headers that are added to each request."),
    OPTION_STRING(S, proxy, .help = "A proxy: http://HOST:PORT. The environment's are not used."),
    OPTION_DURATION(S, timeout, .preset = "60", .unit = "s", .min = 1000000, .max = SECONDS(3600),
                    .help = "How long a request may take, with its answer. What it held is then sent again."),
    OPTION_INT(S, pool_max, .preset = "1000", .min = 1, .max = 10000, .help = "Most connections of a worker."),
    OPTION_INT(S, pool_max_per_route, .preset = "100", .min = 1, .max = 10000,
               .help = "Most of them to one host."),
    OPTION_IGNORED("validate_after_inactivity", "Accepted: connections that were idle are looked at anyway."),
    OPTION_IGNORED("healthcheck_path", "Accepted: a host that failed is tried by a bulk request."),
    OPTION_DURATION(S, resurrect_delay, .preset = "5", .unit = "s", .min = 1000000, .max = SECONDS(3600),
                    .help = "After so long a host that failed is tried again, at first."),
    OPTION_BOOL(S, sniffing, .preset = "false", .help = "Asking hosts for others. Not in this version."),
    OPTION_IGNORED("sniffing_delay", "Accepted: there is no sniffing."),
    OPTION_IGNORED("sniffing_path", "Accepted: there is no sniffing."),
    OPTION_INT(S, compression_level, .preset = "1", .min = 0, .max = 9,
               .help = "gzip of requests; 0: none. In a fast network 0 saves most of this output's CPU."),
    OPTION_STRING(S, http_compression, .deprecated = "use compression_level",
                  .help = "Old: true is compression_level 1, false is 0."),
    OPTION_GROUP(S, tls, tls_rows),

    OPTION_TEMPLATE(S, index, .help = "Index; logstash-%{+yyyy.MM.dd}, in ECS mode ecs-logstash-%{+yyyy.MM.dd}."),
    OPTION_TEMPLATE(S, action, .help = "index (preset), create, update, delete; may be a %{field}."),
    OPTION_TEMPLATE(S, document_id, .help = "Id of the document: what comes twice is then there once."),
    OPTION_BOOL(S, kafka_document_id, .preset = "false",
                .help = "Id from topic, partition and offset (input kafka with decorate_events)."),
    OPTION_TEMPLATE(S, routing, .help = "Routing to a shard."),
    OPTION_TEMPLATE(S, pipeline, .help = "Ingest pipeline of the store; empty: none."),
    OPTION_TEMPLATE(S, version, .help = "Version of the document."),
    OPTION_CHOICE(S, version_type, .preset = "internal", .choices = elastic_version_types,
                  .help = "What that version means."),
    OPTION_TEMPLATE(S, upsert, .help = "update: the document (JSON) where there is none yet."),
    OPTION_BOOL(S, doc_as_upsert, .preset = "false", .help = "update: the event is that document."),
    OPTION_TEMPLATE(S, script, .help = "update: a script, or the id of one."),
    OPTION_CHOICE(S, script_type, .preset = "inline", .choices = elastic_script_types,
                  .help = "What `script` is: a text, the id of a stored one, a file."),
    OPTION_STRING(S, script_lang, .preset = "painless", .help = "Its language; empty: the store's preset."),
    OPTION_STRING(S, script_var_name, .preset = "event", .help = "How the script calls the event."),
    OPTION_BOOL(S, scripted_upsert, .preset = "false", .help = "The script makes the document, too."),
    OPTION_INT(S, retry_on_conflict, .preset = "1", .min = 0, .max = 1000,
               .help = "update: how often the store tries again when two change one document."),
    OPTION_OBSOLETE("parent", "not in this version: set the join field by mutate, and `routing`"),
    OPTION_OBSOLETE("join_field", "not in this version: set the join field by mutate, and `routing`"),
    OPTION_IGNORED("document_type", "Accepted: Elasticsearch has no types since version 7."),

    OPTION_DURATION(S, retry_initial_interval, .preset = "2", .unit = "s", .min = 1000000, .max = SECONDS(3600),
                    .help = "Pause before something is sent again, at first; it doubles."),
    OPTION_DURATION(S, retry_max_interval, .preset = "64", .unit = "s", .min = 1000000, .max = SECONDS(3600),
                    .help = "Longest pause."),
    OPTION_STRINGS(S, silence_errors_in_log, .help = "Types of errors that are not said in the log."),
    OPTION_STRINGS(S, drop_error_types, .help = "Types of errors whose documents are dropped."),
    OPTION_STRINGS(S, dlq_custom_codes, .max = ELASTIC_CODES_MAX,
                   .help = "Further codes (beside 400 and 404) that refuse a document for ever."),
    OPTION_BOOL(S, dlq_on_failed_indexname_interpolation, .preset = "true",
                .help = "An event that lacks the index's field is refused; else sent with its %{placeholder}."),
    OPTION_CHOICE(S, conflict, .preset = "drop", .choices = conflicts,
                  .help = "A document that is there (409) counts as dropped, or as sent; kafka_document_id means "
                          "sent."),

    OPTION_BOOL(S, manage_template, .preset = "true", .help = "Puts a template into the store at start."),
    OPTION_STRING(S, template, .help = "File (JSON) of it; not given: one for logs."),
    OPTION_STRING(S, template_name, .help = "Its name; logstash, in ECS mode ecs-logstash."),
    OPTION_BOOL(S, template_overwrite, .preset = "false", .help = "Replaces one that is there."),
    OPTION_CHOICE(S, template_api, .preset = "auto", .choices = template_apis,
                  .help = "Templates before (legacy) or since (composable) version 8."),
    OPTION_CHOICE(S, ilm_enabled, .preset = "auto", .choices = tristates,
                  .help = "Lifecycle management: index becomes an alias that rolls over. auto: with the preset "
                          "index, where the store can."),
    OPTION_STRING(S, ilm_rollover_alias, .help = "That alias; logstash, in ECS mode ecs-logstash."),
    OPTION_STRING(S, ilm_pattern, .help = "What follows it in the first index's name; {now/d}-000001."),
    OPTION_STRING(S, ilm_policy, .preset = "logstash-policy",
                  .help = "Policy; this one is made when it is missing, another must be there."),

    OPTION_CHOICE(S, data_stream, .preset = "auto", .choices = tristates,
                  .help = "Writes to data streams. auto: in ECS mode, when no option here is one of an index."),
    OPTION_CHOICE(S, data_stream_type, .preset = "logs", .choices = elastic_stream_types,
                  .help = "First part of its name."),
    OPTION_STRING(S, data_stream_dataset, .preset = "generic", .help = "Second part."),
    OPTION_STRING(S, data_stream_namespace, .preset = "default", .help = "Third part."),
    OPTION_BOOL(S, data_stream_sync_fields, .preset = "true",
                .help = "Adds the fields data_stream.* that a document lacks."),
    OPTION_BOOL(S, data_stream_auto_routing, .preset = "true",
                .help = "The event's own data_stream.* fields name the stream."),

    OPTION_BOOL(S, ordered, .preset = "false",
                .help = "One request at a time, so that documents come in order. Without it only those of one id do."),
    OPTION_INT(S, batch_events, .preset = "5000", .min = 1, .max = ELASTIC_EVENTS_MAX,
               .help = "Most documents of a request."),
    OPTION_SIZE(S, batch_bytes, .preset = "5mb", .min = 1024, .max = 100 << 20,
                .help = "Most bytes of a request, uncompressed; a larger document goes alone."),
    OPTION_DURATION(S, batch_wait, .preset = "0.2", .unit = "s", .min = 0, .max = SECONDS(60),
                    .help = "How long a document waits for others."),
    OPTION_INT(S, requests_max, .preset = "8", .min = 1, .max = LIMITER_MOST,
               .help = "Most requests of a worker at once; the store's answers decide how many of them."),
    OPTION_SIZE(S, answer_limit, .preset = "4mb", .min = 1024, .max = ELASTIC_ANSWER_MAX,
                .help = "Most bytes of an answer; a request with a larger one is sent again in halves."),
    OPTION_INT(S, rate_limit_events, .preset = "0", .min = 0, .max = INT32_MAX,
               .help = "Documents a second, of all workers; 0: no limit."),
    OPTION_SIZE(S, rate_limit_bytes, .preset = "0", .min = 0, .max = INT64_C(1) << 40,
                .help = "Bytes a second, uncompressed, of all workers; 0: no limit."),
    OPTION_END};
