/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/copy.h"

#include <string.h>

/* NULL stays NULL; *full is set when the arena has no room. */
static const char *copy_text(struct kw_arena *arena, const char *text,
                             bool *full)
{
    const char *copy;

    if (text == NULL)
        return NULL;
    copy = kw_arena_strndup(arena, text, strlen(text));
    *full = *full || copy == NULL;
    return copy;
}

static void *copy_bytes(struct kw_arena *arena, const void *bytes, size_t size,
                        bool *full)
{
    void *copy;

    if (bytes == NULL)
        return NULL;
    copy = kw_arena_alloc(arena, size);
    if (copy != NULL)
        memcpy(copy, bytes, size);
    *full = *full || copy == NULL;
    return copy;
}

static const struct kw_meter_serial_conf *
copy_serial(struct kw_arena *arena, const struct kw_meter_serial_conf *from,
            bool *full)
{
    struct kw_meter_serial_conf *to =
        copy_bytes(arena, from, sizeof(*from), full);

    if (to == NULL)
        return NULL;
    to->port = copy_text(arena, from->port, full);
    to->rs485 = copy_bytes(arena, from->rs485, sizeof(*from->rs485), full);
    return to;
}

static const struct kw_meter_tls_conf *
copy_tls(struct kw_arena *arena, const struct kw_meter_tls_conf *from,
         bool *full)
{
    struct kw_meter_tls_conf *to = copy_bytes(arena, from, sizeof(*from), full);

    if (to == NULL)
        return NULL;
    to->authorities = copy_text(arena, from->authorities, full);
    to->certificate = copy_text(arena, from->certificate, full);
    to->key = copy_text(arena, from->key, full);
    to->name = copy_text(arena, from->name, full);
    return to;
}

static const struct kw_meter_tcp_conf *
copy_tcp(struct kw_arena *arena, const struct kw_meter_tcp_conf *from,
         bool *full)
{
    struct kw_meter_tcp_conf *to = copy_bytes(arena, from, sizeof(*from), full);

    if (to == NULL)
        return NULL;
    to->host = copy_text(arena, from->host, full);
    to->tls = copy_tls(arena, from->tls, full);
    return to;
}

struct kw_meter_line_conf *
kw_meter_copy_line(struct kw_arena *arena,
                   const struct kw_meter_line_conf *line)
{
    bool full = false;
    struct kw_meter_line_conf *copy =
        copy_bytes(arena, line, sizeof(*line), &full);

    if (copy == NULL)
        return NULL;
    copy->name = copy_text(arena, line->name, &full);
    copy->serial = copy_serial(arena, line->serial, &full);
    copy->tcp = copy_tcp(arena, line->tcp, &full);
    copy->rtu_tcp = copy_tcp(arena, line->rtu_tcp, &full);
    return full ? NULL : copy;
}

static void copy_labels(struct kw_arena *arena, struct kw_pairs *labels,
                        bool *full)
{
    if (labels->count == 0)
        return;
    labels->items = copy_bytes(arena, labels->items,
                               labels->count * sizeof(labels->items[0]), full);
    for (size_t i = 0; labels->items != NULL && i < labels->count; i++) {
        labels->items[i].key = copy_text(arena, labels->items[i].key, full);
        labels->items[i].value = copy_text(arena, labels->items[i].value, full);
    }
}

struct kw_meter_entry *kw_meter_copy_entry(struct kw_arena *arena,
                                           const struct kw_meter_entry *entry)
{
    bool full = false;
    struct kw_meter_entry *copy =
        copy_bytes(arena, entry, sizeof(*entry), &full);

    if (copy == NULL)
        return NULL;
    copy->name = copy_text(arena, entry->name, &full);
    copy->uid = copy_text(arena, entry->uid, &full);
    copy->line = copy_text(arena, entry->line, &full);
    copy->profile = copy_text(arena, entry->profile, &full);
    copy_labels(arena, &copy->labels, &full);
    return full ? NULL : copy;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_rs485(const struct kw_meter_rs485 *a,
                       const struct kw_meter_rs485 *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return a->by == b->by && a->rts_on_send == b->rts_on_send &&
           a->delay_before_ms == b->delay_before_ms &&
           a->delay_after_ms == b->delay_after_ms;
}

/* The same number: no arithmetic was done on either. */
static bool same_real(double a, double b)
{
    return memcmp(&a, &b, sizeof(a)) == 0;
}

static bool same_serial(const struct kw_meter_serial_conf *a,
                        const struct kw_meter_serial_conf *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return same_text(a->port, b->port) && a->baud == b->baud &&
           a->parity == b->parity && a->stop_bits == b->stop_bits &&
           same_real(a->silence_ms, b->silence_ms) &&
           same_rs485(a->rs485, b->rs485);
}

bool kw_meter_same_tls(const struct kw_meter_tls_conf *a,
                       const struct kw_meter_tls_conf *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return same_text(a->authorities, b->authorities) &&
           same_text(a->certificate, b->certificate) &&
           same_text(a->key, b->key) && same_text(a->name, b->name);
}

static bool same_tcp(const struct kw_meter_tcp_conf *a,
                     const struct kw_meter_tcp_conf *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return same_text(a->host, b->host) && a->port == b->port &&
           a->in_flight == b->in_flight && a->silence_ms == b->silence_ms &&
           kw_meter_same_tls(a->tls, b->tls);
}

bool kw_meter_same_line(const struct kw_meter_line_conf *a,
                        const struct kw_meter_line_conf *b)
{
    return same_text(a->name, b->name) && same_serial(a->serial, b->serial) &&
           same_tcp(a->tcp, b->tcp) && same_tcp(a->rtu_tcp, b->rtu_tcp) &&
           a->timeout_ms == b->timeout_ms && a->retries == b->retries &&
           a->pause_ms == b->pause_ms;
}

static bool same_labels(const struct kw_pairs *a, const struct kw_pairs *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (!same_text(a->items[i].key, b->items[i].key) ||
            !same_text(a->items[i].value, b->items[i].value))
            return false;
    }
    return true;
}

static bool same_place(const struct kw_meter_entry *a,
                       const struct kw_meter_entry *b)
{
    return same_text(a->name, b->name) && same_text(a->uid, b->uid) &&
           same_text(a->line, b->line) && same_text(a->profile, b->profile) &&
           a->unit == b->unit && a->load == b->load && a->enabled == b->enabled;
}

bool kw_meter_same_entry(const struct kw_meter_entry *a,
                         const struct kw_meter_entry *b)
{
    return same_place(a, b) && a->every.fast_ms == b->every.fast_ms &&
           a->every.normal_ms == b->every.normal_ms &&
           a->every.slow_ms == b->every.slow_ms &&
           same_real(a->scale.ct, b->scale.ct) &&
           same_real(a->scale.vt, b->scale.vt) && a->invert == b->invert &&
           same_labels(&a->labels, &b->labels);
}
