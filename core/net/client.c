/* SPDX-License-Identifier: Apache-2.0 */
#include "core/net/client.h"
#include <assert.h>

void client_start(struct client *client)
{
    assert(client->set && client->disk && client->type && client->failed && client->closed);
    uv_timer_init(&client->set->loop->uv, &client->timer);
    client->timer.data = client;
}

/* Also while connecting: the handle's type has its own ended(). */
static void client_connect_timeout(uv_timer_t *timer)
{
    struct client *client = timer->data;
    if (client->conn && conn_is_starting(client->conn))
        client->type->ended(client->conn, UV_ETIMEDOUT);
}

static void client_connect_to(struct client *client, const struct address *address)
{
    int status = 0;
    client->conn = conn_connect(client->set, client->type, address, &status);
    if (client->conn)
        uv_timer_start(&client->timer, client_connect_timeout, CONNECT_TIMEOUT_MS, 0);
    else
        client->failed(client->opaque, status);
}

static void client_check_closed(struct client *client)
{
    if (client->is_timer_closed && !client->lookup.is_running) client->closed(client->opaque);
}

static void client_lookup_work(struct disk_job *job)
{
    struct client_lookup *lookup = (struct client_lookup *)(void *)job;
    const struct client *client = lookup->client;
    lookup->status = address_resolve(&lookup->address, client->host, client->port);
}

static void client_lookup_done(struct disk_job *job)
{
    struct client_lookup *lookup = (struct client_lookup *)(void *)job;
    struct client *client = lookup->client;
    lookup->is_running = false;
    if (client->is_closing)
        client_check_closed(client);
    else if (lookup->status)
        client->failed(client->opaque, lookup->status);
    else
        client_connect_to(client, &lookup->address);
}

static void client_attempt(uv_timer_t *timer)
{
    struct client *client = timer->data;
    assert(!client->conn && !client->lookup.is_running);
    struct address address;
    if (address_parse(&address, client->host, client->port)) {
        client_connect_to(client, &address);
        return;
    }
    client->lookup = (struct client_lookup){
        .job = {.loop = client->set->loop, .work = client_lookup_work, .done = client_lookup_done},
        .client = client,
        .is_running = true};
    disk_submit(client->disk, &client->lookup.job);
}

void client_connect(struct client *client, uint64_t delay_ms)
{
    assert(!client->is_closing && !client->conn);
    uv_timer_start(&client->timer, client_attempt, delay_ms, 0);
}

void client_connected(struct client *client) { uv_timer_stop(&client->timer); }

static void client_timer_closed(uv_handle_t *handle)
{
    struct client *client = handle->data;
    client->is_timer_closed = true;
    client_check_closed(client);
}

void client_close(struct client *client)
{
    assert(!client->is_closing);
    client->is_closing = true;
    uv_close((uv_handle_t *)&client->timer, client_timer_closed);
}
