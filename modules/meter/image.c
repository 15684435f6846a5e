/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/image.h"

#include "base/mem.h"
#include "base/sample.h"

#include <string.h>

static size_t block_bytes(const struct kw_plan_request *request)
{
    struct kw_meter_ask ask = {.function = request->function,
                               .count = request->count};

    return kw_meter_ask_data_bytes(&ask);
}

int kw_meter_image_init(struct kw_meter_image *image,
                        const struct kw_plan *plan,
                        const uint64_t period_ns[KW_MAP_ONCE])
{
    size_t bytes = 0;
    unsigned char *at;

    for (size_t i = 0; i < plan->count; i++)
        bytes += block_bytes(&plan->requests[i]);
    image->blocks = kw_alloc_array(plan->count, sizeof(*image->blocks));
    image->bytes = kw_alloc(2 * bytes);
    image->count = plan->count;
    if (image->blocks == NULL || image->bytes == NULL) {
        kw_meter_image_fini(image);
        return KW_ENOMEM;
    }
    at = image->bytes;
    for (size_t i = 0; i < plan->count; i++) {
        const struct kw_plan_request *request = &plan->requests[i];
        bool once = request->read_class == KW_MAP_ONCE;

        image->blocks[i] = (struct kw_meter_block){
            .function = request->function,
            .quality = KW_QUALITY_BAD_NEVER,
            .address = request->address,
            .count = request->count,
            .fresh_ns =
                once ? UINT64_MAX
                     : KW_METER_FRESH_PERIODS * period_ns[request->read_class],
            .data = at,
            .next = at + bytes,
        };
        at += block_bytes(request);
    }
    return 0;
}

void kw_meter_image_fini(struct kw_meter_image *image)
{
    for (size_t i = 0; image->blocks != NULL && i < image->count; i++)
        kw_free(image->blocks[i].have);
    kw_free(image->blocks);
    kw_free(image->bytes);
    *image = (struct kw_meter_image){0};
}

static bool get_bit(const unsigned char *bits, size_t index)
{
    return ((unsigned)bits[index / 8] >> index % 8 & 1U) != 0;
}

static void set_bit(unsigned char *bits, size_t index, bool on)
{
    unsigned char mask = (unsigned char)(1U << index % 8);

    if (on)
        bits[index / 8] |= mask;
    else
        bits[index / 8] &= (unsigned char)~mask;
}

void kw_meter_image_put(struct kw_meter_image *image, size_t block,
                        uint16_t address, uint16_t count,
                        const unsigned char *data, uint64_t now_ns)
{
    struct kw_meter_block *to = &image->blocks[block];
    size_t first = (size_t)address - to->address;

    if (to->function > 2)
        memcpy(to->next + first * 2, data, (size_t)count * 2);
    for (size_t i = 0; to->function <= 2 && i < count; i++)
        set_bit(to->next, first + i, get_bit(data, i));
    for (size_t i = 0; to->have != NULL && i < count; i++)
        set_bit(to->have, first + i, true);
    to->next_ns = now_ns;
}

static size_t bytes_of(const struct kw_meter_block *block)
{
    struct kw_meter_ask ask = {.function = block->function,
                               .count = block->count};

    return kw_meter_ask_data_bytes(&ask);
}

void kw_meter_image_keep(struct kw_meter_image *image)
{
    for (size_t i = 0; i < image->count; i++) {
        struct kw_meter_block *block = &image->blocks[i];

        if (block->next_ns == 0)
            continue;
        memcpy(block->data, block->next, bytes_of(block));
        block->quality = KW_QUALITY_GOOD;
        block->exception = 0;
        block->time_ns = block->next_ns;
        block->next_ns = 0;
    }
}

void kw_meter_image_forget(struct kw_meter_image *image)
{
    for (size_t i = 0; i < image->count; i++) {
        struct kw_meter_block *block = &image->blocks[i];

        if (block->next_ns == 0)
            continue;
        memcpy(block->next, block->data, bytes_of(block));
        block->next_ns = 0;
    }
}

void kw_meter_image_drop(struct kw_meter_image *image, size_t block,
                         uint16_t address, uint16_t count)
{
    struct kw_meter_block *at = &image->blocks[block];
    size_t first = (size_t)address - at->address;

    for (size_t i = 0; at->have != NULL && i < count; i++)
        set_bit(at->have, first + i, false);
}

int kw_meter_image_narrow(struct kw_meter_image *image, size_t block,
                          uint8_t exception)
{
    struct kw_meter_block *at = &image->blocks[block];

    at->missing = exception;
    if (at->have == NULL)
        at->have = kw_alloc((at->count + 7U) / 8U);
    return at->have != NULL ? 0 : KW_ENOMEM;
}

void kw_meter_image_fail(struct kw_meter_image *image, size_t request,
                         uint8_t quality, uint8_t exception)
{
    image->blocks[request].next_ns = 0;
    image->blocks[request].quality = quality;
    image->blocks[request].exception = exception;
}

int kw_meter_block_order(const void *a, const void *b)
{
    const struct kw_meter_block *left =
        *(const struct kw_meter_block *const *)a;
    const struct kw_meter_block *right =
        *(const struct kw_meter_block *const *)b;
    uint32_t left_key = (uint32_t)left->function << 16 | left->address;
    uint32_t right_key = (uint32_t)right->function << 16 | right->address;

    return (left_key > right_key) - (left_key < right_key);
}

static bool usable(const struct kw_meter_block *block, uint64_t now_ns)
{
    return block->quality == KW_QUALITY_GOOD &&
           now_ns - block->time_ns <= block->fresh_ns;
}

/* True when the meter has given all addresses from up to end (exclusive). */
static bool has(const struct kw_meter_block *block, unsigned from, unsigned end)
{
    for (; block->have != NULL && from < end; from++) {
        if (!get_bit(block->have, from - block->address))
            return false;
    }
    return true;
}

/* Copies addresses from to end of a block to where ask wants them. */
static void copy(const struct kw_meter_block *block,
                 const struct kw_meter_ask *ask, unsigned from, unsigned end,
                 unsigned char *out)
{
    size_t source = from - block->address, target = from - ask->address;

    if (!kw_meter_ask_is_bits(ask)) {
        memcpy(out + target * 2, block->data + source * 2,
               (size_t)(end - from) * 2);
        return;
    }
    for (; from < end; from++, source++, target++) {
        unsigned bit = (unsigned)block->data[source / 8] >> source % 8 & 1U;

        out[target / 8] |= (unsigned char)(bit << target % 8);
    }
}

enum kw_meter_image_result
kw_meter_image_read(const struct kw_meter_blocks *blocks,
                    const struct kw_meter_ask *ask, uint64_t now_ns,
                    unsigned char *out, uint8_t *exception)
{
    unsigned end = (unsigned)ask->address + ask->count;
    unsigned known = ask->address; /* up to here by any block */
    unsigned done = ask->address;  /* up to here copied */

    *exception = 0;
    if (kw_meter_ask_is_bits(ask))
        memset(out, 0, kw_meter_ask_data_bytes(ask));
    for (size_t i = 0; i < blocks->count && done < end; i++) {
        const struct kw_meter_block *block = blocks->list[i];
        unsigned block_end = (unsigned)block->address + block->count;
        unsigned until = block_end < end ? block_end : end;

        if (block->function != ask->function || block->address > known ||
            block_end <= done)
            continue;
        known = until > known ? until : known;
        if (!has(block, done > block->address ? done : block->address, until)) {
            *exception = block->missing;
        } else if (!usable(block, now_ns)) {
            *exception = block->exception;
        } else if (block->address <= done) {
            copy(block, ask, done, until, out);
            done = until;
        }
    }
    if (done == end)
        return KW_METER_IMAGE_GOOD;
    return known == end ? KW_METER_IMAGE_BAD : KW_METER_IMAGE_OUTSIDE;
}
