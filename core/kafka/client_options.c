/* SPDX-License-Identifier: Apache-2.0 */
#include "core/kafka/client_options.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "core/kafka/jaas.h"

enum { KAFKA_ERROR_BYTES = 512, NS_PER_MS = 1000000 };
enum { SECURITY_PLAINTEXT, SECURITY_SSL, SECURITY_SASL_PLAINTEXT, SECURITY_SASL_SSL };
static const char *const security_protocols[] = {"PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL",
                                                 NULL};

#define SCHEMA_REGISTRY "Avro and schema registries are not supported: write JSON records, codec => json"
#define LOGIN_CLASS "Java class: librdkafka logs in by itself."

const struct option kafka_client_options[] = {
    OPTION_STRING(struct kafka_client_options, bootstrap_servers, .preset = "localhost:9092",
                  .help = "Brokers to ask first, as host:port, parted by commas."),
    OPTION_STRING(struct kafka_client_options, client_id, .preset = "logstash",
                  .help = "Name shown in the broker's logs; the input adds -WORKER."),
    OPTION_STRING(struct kafka_client_options, client_dns_lookup, .preset = "use_all_dns_ips",
                  .help = "Only use_all_dns_ips: every address of a name is tried."),
    OPTION_DURATION(struct kafka_client_options, request_timeout_ms, .preset = "40000", .unit = "ms",
                    .help = "Longest wait for the answer to one request."),
    OPTION_DURATION(struct kafka_client_options, retry_backoff_ms, .preset = "100", .unit = "ms",
                    .help = "Pause before a request is tried again."),
    OPTION_DURATION(struct kafka_client_options, reconnect_backoff_ms, .preset = "50", .unit = "ms",
                    .help = "First pause before connecting again."),
    OPTION_DURATION(struct kafka_client_options, reconnect_backoff_max_ms, .preset = "1000",
                    .unit = "ms", .help = "Longest pause before connecting again."),
    OPTION_DURATION(struct kafka_client_options, connections_max_idle_ms, .preset = "540000",
                    .unit = "ms", .help = "Idle connections are closed after this."),
    OPTION_DURATION(struct kafka_client_options, metadata_max_age_ms, .preset = "300000",
                    .unit = "ms", .help = "Topics and partitions are asked for again after this."),
    OPTION_SIZE(struct kafka_client_options, receive_buffer_bytes, .preset = "32768",
                .help = "Receive buffer of a connection (SO_RCVBUF)."),
    OPTION_SIZE(struct kafka_client_options, send_buffer_bytes, .preset = "131072",
                .help = "Send buffer of a connection (SO_SNDBUF)."),
    OPTION_CHOICE(struct kafka_client_options, security_protocol, .preset = "PLAINTEXT",
                  .choices = security_protocols, .help = "How to talk to brokers."),
    OPTION_STRING(struct kafka_client_options, ssl_truststore_location,
                  .help = "PEM file of the authorities that brokers' certificates are checked with; "
                          "without it, the system's."),
    OPTION_SECRET(struct kafka_client_options, ssl_truststore_password,
                  .help = "Without effect: a PEM file of certificates has no password."),
    OPTION_STRING(struct kafka_client_options, ssl_truststore_type,
                  .help = "PEM; told from the file when not given."),
    OPTION_STRING(struct kafka_client_options, ssl_keystore_location,
                  .help = "Own certificate and key, PKCS12 or PEM."),
    OPTION_SECRET(struct kafka_client_options, ssl_keystore_password,
                  .help = "Password of a PKCS12 key store."),
    OPTION_STRING(struct kafka_client_options, ssl_keystore_type,
                  .help = "PKCS12 or PEM; told from the file when not given."),
    OPTION_SECRET(struct kafka_client_options, ssl_key_password, .help = "Password of the key."),
    OPTION_STRING(struct kafka_client_options, ssl_endpoint_identification_algorithm,
                  .preset = "https",
                  .help = "https: the broker's name must be in its certificate; empty: not checked."),
    OPTION_STRING(struct kafka_client_options, sasl_mechanism, .preset = "GSSAPI",
                  .help = "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, GSSAPI, OAUTHBEARER."),
    OPTION_SECRET(struct kafka_client_options, sasl_jaas_config,
                  .help = "Login, as for Java clients: …LoginModule required username=… password=…;"),
    OPTION_STRING(struct kafka_client_options, jaas_path,
                  .help = "File with the same text, within KafkaClient { … };"),
    OPTION_STRING(struct kafka_client_options, sasl_kerberos_service_name,
                  .help = "Kerberos name of the brokers; needed with GSSAPI."),
    OPTION_STRING(struct kafka_client_options, kerberos_config,
                  .help = "krb5.conf to use, for the whole process (KRB5_CONFIG)."),
    OPTION_STRING(struct kafka_client_options, sasl_oauthbearer_token_endpoint_url,
                  .help = "Where OAUTHBEARER gets its tokens."),
    OPTION_STRING(struct kafka_client_options, sasl_oauthbearer_scope_claim_name, .preset = "scope",
                  .help = "Accepted; the scope is in the login text."),
    OPTION_PAIRS(struct kafka_client_options, librdkafka,
                 .help = "Properties of librdkafka by name; they win. Tailrace's own."),
    OPTION_IGNORED("sasl_client_callback_handler_class", LOGIN_CLASS),
    OPTION_IGNORED("sasl_login_callback_handler_class", LOGIN_CLASS),
    OPTION_IGNORED("sasl_login_class", LOGIN_CLASS),
    OPTION_IGNORED("sasl_login_connect_timeout_ms", LOGIN_CLASS),
    OPTION_IGNORED("sasl_login_read_timeout_ms", LOGIN_CLASS),
    OPTION_IGNORED("sasl_login_retry_backoff_ms", LOGIN_CLASS),
    OPTION_IGNORED("sasl_login_retry_backoff_max_ms", LOGIN_CLASS),
    OPTION_IGNORED("sasl_iam_jar_paths", "Java archives: without effect."),
    OPTION_OBSOLETE("ssl", "use security_protocol => SSL"),
    OPTION_OBSOLETE("schema_registry_url", SCHEMA_REGISTRY),
    OPTION_OBSOLETE("schema_registry_key", SCHEMA_REGISTRY),
    OPTION_OBSOLETE("schema_registry_secret", SCHEMA_REGISTRY),
    OPTION_OBSOLETE("schema_registry_proxy", SCHEMA_REGISTRY),
    OPTION_OBSOLETE("schema_registry_validation", SCHEMA_REGISTRY),
    OPTION_END,
};

static const struct kafka_property client_properties[] = {
    KAFKA_PROPERTY(KAFKA_TEXT, struct kafka_client_options, bootstrap_servers, "bootstrap.servers"),
    KAFKA_PROPERTY(KAFKA_TEXT, struct kafka_client_options, client_id, "client.id"),
    KAFKA_PROPERTY_MAX(KAFKA_MS, struct kafka_client_options, request_timeout_ms,
                       "socket.timeout.ms", 300000),
    KAFKA_PROPERTY_MAX(KAFKA_MS, struct kafka_client_options, retry_backoff_ms, "retry.backoff.ms",
                       300000),
    KAFKA_PROPERTY(KAFKA_MS, struct kafka_client_options, reconnect_backoff_ms,
                   "reconnect.backoff.ms"),
    KAFKA_PROPERTY(KAFKA_MS, struct kafka_client_options, reconnect_backoff_max_ms,
                   "reconnect.backoff.max.ms"),
    KAFKA_PROPERTY(KAFKA_MS, struct kafka_client_options, connections_max_idle_ms,
                   "connections.max.idle.ms"),
    KAFKA_PROPERTY_MAX(KAFKA_MS, struct kafka_client_options, metadata_max_age_ms,
                       "topic.metadata.refresh.interval.ms", 3600000),
    KAFKA_PROPERTY_MAX(KAFKA_MS, struct kafka_client_options, metadata_max_age_ms,
                       "metadata.max.age.ms", 86400000),
    KAFKA_PROPERTY(KAFKA_BYTES, struct kafka_client_options, receive_buffer_bytes,
                   "socket.receive.buffer.bytes"),
    KAFKA_PROPERTY(KAFKA_BYTES, struct kafka_client_options, send_buffer_bytes,
                   "socket.send.buffer.bytes"),
    {0},
};

/* ---- one property ---- */

bool kafka_property_set(rd_kafka_conf_t *conf, const char *property, struct str value,
                        const char *option, const struct plugin_context *context)
{
    char error[KAFKA_ERROR_BYTES] = "";
    const char *text = arena_copy_z(context->arena, value);
    if (rd_kafka_conf_set(conf, property, text, error, sizeof error) == RD_KAFKA_CONF_OK)
        return true;
    diag_error(context->diag, context_place(context, option), "option `%s`: %s", option, error);
    return false;
}

static int64_t number_of(const struct kafka_property *row, const void *member)
{
    int64_t number;
    if (row->form == KAFKA_MS)
        number = ((const struct duration *)member)->ns / NS_PER_MS;
    else if (row->form == KAFKA_BYTES)
        number = ((const struct byte_size *)member)->bytes;
    else
        number = *(const int64_t *)member;
    return row->max && number > row->max ? row->max : number;
}

bool kafka_properties_set(rd_kafka_conf_t *conf, const struct kafka_property *rows, const void *self,
                          const struct plugin_context *context)
{
    bool is_good = true;
    for (const struct kafka_property *row = rows; row->option; row++) {
        const void *member = (const char *)self + row->offset;
        struct str text = {0};
        if (row->form == KAFKA_TEXT)
            text = *(const struct str *)member;
        else if (row->form == KAFKA_SECRET)
            text = ((const struct secret *)member)->text;
        else if (row->form == KAFKA_BOOL)
            text = *(const bool *)member ? STR("true") : STR("false");
        else if (number_of(row, member))
            text = arena_printf(context->arena, "%" PRId64, number_of(row, member));
        if (text.len)
            is_good &= kafka_property_set(conf, row->property, text, row->option, context);
    }
    return is_good;
}

/* ---- TLS ---- */

enum store { STORE_UNREADABLE, STORE_PEM, STORE_PKCS12, STORE_JKS };

/* Java's clients are told the type, or assume JKS; people rename files. So the file decides. */
static enum store store_of(struct str path, struct str type, struct arena *arena)
{
    if (type.len) {
        const char *name = arena_copy_z(arena, type);
        if (strcasecmp(name, "PEM") == 0) return STORE_PEM;
        if (strcasecmp(name, "PKCS12") == 0) return STORE_PKCS12;
        return STORE_JKS;
    }
    FILE *file = fopen(arena_copy_z(arena, path), "re");
    if (!file) return STORE_UNREADABLE;
    char head[KAFKA_STORE_HEAD] = "";
    size_t len = fread(head, 1, sizeof head, file);
    fclose(file);
    static const char jks[] = {'\xfe', '\xed', '\xfe', '\xed'};
    if (len >= sizeof jks && memcmp(head, jks, sizeof jks) == 0) return STORE_JKS;
    return len && head[0] == 0x30 ? STORE_PKCS12 : STORE_PEM; /* DER begins with a SEQUENCE */
}

static bool store_refused(const struct plugin_context *context, const char *option, const char *what,
                          const char *hint)
{
    struct message *message =
        diag_error(context->diag, context_place(context, option), "`%s` %s", option, what);
    diag_hint(context->diag, message, "%s", hint);
    return false;
}

static bool truststore_set(rd_kafka_conf_t *conf, const struct kafka_client_options *options,
                           const struct plugin_context *context)
{
    struct str path = options->ssl_truststore_location;
    const char *option = "ssl_truststore_location";
    if (!path.len) return true;
    switch (store_of(path, options->ssl_truststore_type, context->arena)) {
    case STORE_UNREADABLE:
        return store_refused(context, option, "cannot be read", "check path and rights");
    case STORE_JKS:
        return store_refused(context, option, "is a Java key store (JKS)",
                             "convert it to PEM: keytool -exportcert -rfc -keystore FILE -alias "
                             "NAME -file ca.pem");
    case STORE_PKCS12:
        return store_refused(context, option, "is a PKCS12 store; a PEM file is needed",
                             "convert it: openssl pkcs12 -in FILE -nokeys -out ca.pem");
    case STORE_PEM:
        break;
    }
    return kafka_property_set(conf, "ssl.ca.location", path, option, context);
}

static bool keystore_set(rd_kafka_conf_t *conf, const struct kafka_client_options *options,
                         const struct plugin_context *context)
{
    struct str path = options->ssl_keystore_location;
    const char *option = "ssl_keystore_location";
    bool is_good = true;
    if (options->ssl_key_password.text.len)
        is_good = kafka_property_set(conf, "ssl.key.password", options->ssl_key_password.text,
                                     "ssl_key_password", context);
    if (!path.len) return is_good;
    switch (store_of(path, options->ssl_keystore_type, context->arena)) {
    case STORE_UNREADABLE:
        return store_refused(context, option, "cannot be read", "check path and rights");
    case STORE_JKS:
        return store_refused(context, option, "is a Java key store (JKS)",
                             "convert it: keytool -importkeystore -srckeystore FILE -destkeystore "
                             "key.p12 -deststoretype PKCS12");
    case STORE_PKCS12:
        is_good &= kafka_property_set(conf, "ssl.keystore.location", path, option, context);
        if (options->ssl_keystore_password.text.len)
            is_good &= kafka_property_set(conf, "ssl.keystore.password",
                                          options->ssl_keystore_password.text,
                                          "ssl_keystore_password", context);
        return is_good;
    case STORE_PEM:
        break;
    }
    /* Java's PEM store holds certificates and key in one file */
    is_good &= kafka_property_set(conf, "ssl.certificate.location", path, option, context);
    return kafka_property_set(conf, "ssl.key.location", path, option, context) && is_good;
}

static bool tls_set(rd_kafka_conf_t *conf, const struct kafka_client_options *options,
                    const struct plugin_context *context)
{
    struct str check = options->ssl_endpoint_identification_algorithm;
    bool is_good =
        kafka_property_set(conf, "ssl.endpoint.identification.algorithm",
                           check.len ? check : STR("none"),
                           "ssl_endpoint_identification_algorithm", context);
    is_good &= truststore_set(conf, options, context);
    return keystore_set(conf, options, context) && is_good;
}

/* ---- SASL ---- */

static struct str read_jaas_file(struct str path, struct arena *arena)
{
    FILE *file = fopen(arena_copy_z(arena, path), "re");
    if (!file) return (struct str){0};
    char *text = arena_alloc(arena, JAAS_BYTES_MAX + 1);
    size_t len = fread(text, 1, JAAS_BYTES_MAX + 1, file);
    fclose(file);
    return (struct str){text, len};
}

/* Options of login modules that are properties of librdkafka. */
static const struct {
    const char *module, *name, *property;
} logins[] = {
    {"PlainLoginModule", "username", "sasl.username"},
    {"PlainLoginModule", "password", "sasl.password"},
    {"ScramLoginModule", "username", "sasl.username"},
    {"ScramLoginModule", "password", "sasl.password"},
    {"Krb5LoginModule", "keyTab", "sasl.kerberos.keytab"},
    {"Krb5LoginModule", "principal", "sasl.kerberos.principal"},
    {"Krb5LoginModule", "serviceName", "sasl.kerberos.service.name"},
    {"OAuthBearerLoginModule", "clientId", "sasl.oauthbearer.client.id"},
    {"OAuthBearerLoginModule", "clientSecret", "sasl.oauthbearer.client.secret"},
    {"OAuthBearerLoginModule", "scope", "sasl.oauthbearer.scope"},
};

static bool login_set(rd_kafka_conf_t *conf, struct str text, const char *option,
                      const struct plugin_context *context)
{
    struct jaas jaas;
    const char *problem = jaas_parse(text, context->arena, &jaas);
    if (problem) {
        diag_hint(context->diag,
                  diag_error(context->diag, context_place(context, option),
                             "`%s` is not a login text: %s", option, problem),
                  "write …PlainLoginModule required username=\"…\" password=\"…\";");
        return false;
    }
    bool is_known = false, is_good = true;
    for (size_t i = 0; i < sizeof logins / sizeof *logins; i++) {
        if (!str_eq_z(jaas.module, logins[i].module)) continue;
        is_known = true;
        struct str value = jaas_get(&jaas, str_of(logins[i].name));
        if (value.len)
            is_good &= kafka_property_set(conf, logins[i].property, value, option, context);
    }
    if (is_known) return is_good;
    diag_hint(context->diag,
              diag_error(context->diag, context_place(context, option),
                         "login module `%.*s` is not known", STR_ARG(jaas.module)),
              "PlainLoginModule, ScramLoginModule, Krb5LoginModule and OAuthBearerLoginModule are");
    return false;
}

static bool sasl_set(rd_kafka_conf_t *conf, const struct kafka_client_options *options,
                     const struct plugin_context *context)
{
    bool is_good = true;
    if (str_eq_z(options->sasl_mechanism, "AWS_MSK_IAM"))
        return store_refused(context, "sasl_mechanism", "AWS_MSK_IAM is not supported",
                             "use SCRAM-SHA-512 or mutual TLS, which MSK offers too");
    is_good &= kafka_property_set(conf, "sasl.mechanism", options->sasl_mechanism, "sasl_mechanism",
                                  context);
    if (options->sasl_jaas_config.text.len) {
        is_good &= login_set(conf, options->sasl_jaas_config.text, "sasl_jaas_config", context);
    } else if (options->jaas_path.len) {
        struct str text = read_jaas_file(options->jaas_path, context->arena);
        if (!text.ptr) return store_refused(context, "jaas_path", "cannot be read", "check it");
        is_good &= login_set(conf, text, "jaas_path", context);
    }
    if (options->sasl_kerberos_service_name.len)
        is_good &= kafka_property_set(conf, "sasl.kerberos.service.name",
                                      options->sasl_kerberos_service_name,
                                      "sasl_kerberos_service_name", context);
    if (options->kerberos_config.len)
        setenv("KRB5_CONFIG", arena_copy_z(context->arena, options->kerberos_config), 1);
    if (options->sasl_oauthbearer_token_endpoint_url.len) {
        const char *option = "sasl_oauthbearer_token_endpoint_url";
        is_good &= kafka_property_set(conf, "sasl.oauthbearer.method", STR("oidc"), option, context);
        is_good &= kafka_property_set(conf, "sasl.oauthbearer.token.endpoint.url",
                                      options->sasl_oauthbearer_token_endpoint_url, option, context);
    }
    return is_good;
}

/* ---- all of it ---- */

bool kafka_client_options_set(rd_kafka_conf_t *conf, const struct kafka_client_options *options,
                              const struct plugin_context *context)
{
    bool is_good = kafka_properties_set(conf, client_properties, options, context);
    int32_t security = options->security_protocol.value;
    is_good &= kafka_property_set(conf, "security.protocol", str_of(security_protocols[security]),
                                  "security_protocol", context);
    if (security == SECURITY_SSL || security == SECURITY_SASL_SSL)
        is_good &= tls_set(conf, options, context);
    if (security == SECURITY_SASL_PLAINTEXT || security == SECURITY_SASL_SSL)
        is_good &= sasl_set(conf, options, context);
    if (!str_eq_z(options->client_dns_lookup, "use_all_dns_ips"))
        diag_warning(context->diag, context_place(context, "client_dns_lookup"),
                     "`client_dns_lookup` has no effect: every address of a name is tried");
    return is_good;
}

/* These decide when an offset counts as done, or are how this program listens to librdkafka. */
static const char *const reserved[] = {
    "enable.auto.commit", "auto.commit.enable", "enable.auto.offset.store", "enabled_events",
    "opaque", "delivery.report.only.error", "enable.partition.eof", NULL,
};

bool kafka_overrides_set(rd_kafka_conf_t *conf, const struct kafka_client_options *options,
                         const struct plugin_context *context)
{
    bool is_good = true;
    for (uint32_t i = 0; i < options->librdkafka.count; i++) {
        const struct str_pair *pair = &options->librdkafka.items[i];
        bool is_reserved = false;
        for (const char *const *name = reserved; *name; name++)
            is_reserved |= str_eq_z(pair->name, *name);
        char error[KAFKA_ERROR_BYTES] = "";
        if (is_reserved)
            snprintf(error, sizeof error, "it is Tailrace's to set, or events could be lost");
        else if (rd_kafka_conf_set(conf, arena_copy_z(context->arena, pair->name),
                                   arena_copy_z(context->arena, pair->value), error,
                                   sizeof error) == RD_KAFKA_CONF_OK)
            continue;
        diag_error(context->diag, pair->name_place, "librdkafka property `%.*s`: %s",
                   STR_ARG(pair->name), error);
        is_good = false;
    }
    return is_good;
}

bool kafka_is_overridden(const struct kafka_client_options *options, const char *property)
{
    for (uint32_t i = 0; i < options->librdkafka.count; i++)
        if (str_eq_z(options->librdkafka.items[i].name, property)) return true;
    return false;
}

bool kafka_serializer_check(struct str class_name, const char *option,
                            const struct plugin_context *context)
{
    static const char *const known[] = {"StringDeserializer", "ByteArrayDeserializer",
                                        "StringSerializer", "ByteArraySerializer", NULL};
    for (const char *const *name = known; *name; name++)
        if (str_ends(class_name, str_of(*name))) return true;
    return store_refused(context, option, "names a class that is not known here",
                         "records are bytes: leave it out and choose a codec");
}
