/* SPDX-License-Identifier: Apache-2.0 */
/* One bulk request under way: its compressed bytes and the memory of its answer. */
#include <stdlib.h>
#include "core/elastic/elastic.h"
#include "core/xmalloc.h"

enum { GZIP_WINDOW = 15 + 16, FLIGHT_PACKED_KEPT = 1024 * 1024 };

struct flight {
    struct http_request http;
    struct arena arena;
    struct buf packed;
    size_t charged; /* of the budget, for `packed` */
    struct elastic *self;
    struct parcel *parcel;
    struct flight *next; /* free one */
};

static void flight_free(struct flight *flight)
{
    budget_release(flight->self->output->loop->budget, flight->charged);
    buf_fini(&flight->packed);
    free(flight);
}

static struct flight *flight_take(struct elastic *self)
{
    struct flight *flight = self->free_flights;
    if (flight)
        self->free_flights = flight->next;
    else
        flight = xcalloc(1, sizeof *flight);
    flight->self = self;
    arena_init(&flight->arena, &self->output->loop->pool);
    return flight;
}

static void flight_give(struct flight *flight)
{
    arena_fini(&flight->arena);
    buf_clear(&flight->packed);
    if (flight->packed.capacity > FLIGHT_PACKED_KEPT) {
        flight_free(flight);
        return;
    }
    flight->next = flight->self->free_flights;
    flight->self->free_flights = flight;
}

void flights_free(struct elastic *self)
{
    while (self->free_flights) {
        struct flight *flight = self->free_flights;
        self->free_flights = flight->next;
        flight_free(flight);
    }
    if (self->has_packer) deflateEnd(&self->packer);
    self->has_packer = false;
}

static void pack(struct elastic *self, struct str text, struct flight *flight)
{
    z_stream *packer = &self->packer;
    int status = self->has_packer ? deflateReset(packer)
                                  : deflateInit2(packer, (int)self->options.compression_level, Z_DEFLATED,
                                                 GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY);
    if (status != Z_OK) abort(); /* no memory */
    self->has_packer = true;
    buf_reserve(&flight->packed, deflateBound(packer, text.len));
    packer->next_in = (Bytef *)(uintptr_t)text.ptr;
    packer->avail_in = (uInt)text.len;
    packer->next_out = (Bytef *)flight->packed.ptr;
    packer->avail_out = (uInt)flight->packed.capacity;
    status = deflate(packer, Z_FINISH);
    assert(status == Z_STREAM_END);
    flight->packed.len = flight->packed.capacity - packer->avail_out;
    if (flight->packed.capacity <= flight->charged) return;
    budget_charge(self->output->loop->budget, flight->packed.capacity - flight->charged);
    flight->charged = flight->packed.capacity;
}

static void answered(struct http_request *http)
{
    struct flight *flight = http->opaque;
    struct parcel *parcel = flight->parcel;
    flight->parcel = NULL;
    parcel->carrier = NULL;
    verdict_give(flight->self, parcel, http);
    flight_give(flight);
}

void flight_send(void *opaque, struct parcel *parcel)
{
    struct elastic *self = opaque;
    struct flight *flight = flight_take(self);
    flight->parcel = parcel;
    parcel->carrier = flight;
    if (self->is_gzip) pack(self, buf_str(&parcel->data), flight);
    flight->http = (struct http_request){.method = "POST",
                                         .url = self->bulk_urls[parcel->endpoint],
                                         .headers = self->headers,
                                         .header_count = self->header_count,
                                         .body = self->is_gzip ? buf_str(&flight->packed) : buf_str(&parcel->data),
                                         .body_max = (size_t)self->options.answer_limit.bytes,
                                         .arena = &flight->arena,
                                         .done = answered,
                                         .opaque = flight};
    http_client_send(self->client, &flight->http);
}

void flight_cancel(void *opaque, struct parcel *parcel)
{
    const struct elastic *self = opaque;
    struct flight *flight = parcel->carrier;
    assert(flight && flight->parcel == parcel);
    http_client_cancel(self->client, &flight->http);
    flight->parcel = NULL;
    parcel->carrier = NULL;
    flight_give(flight);
}
