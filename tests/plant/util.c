/* SPDX-License-Identifier: Apache-2.0 */
#include "util.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int kw_plant_say(struct kw_plant_diag *diag, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(diag->text, sizeof diag->text, format, list);
    va_end(list);
    return -1;
}

/* UNTESTED: the machine's memory would have to be used up. */
static void out_of_memory(void)
{
    fputs("kilowatch-plant: no memory left\n", stderr);
    abort();
}

void *kw_plant_alloc(size_t count, size_t size)
{
    void *memory = calloc(count > 0 ? count : 1, size);
    if (memory == NULL)
        out_of_memory();
    return memory;
}

void *kw_plant_grow(void *old, size_t count, size_t size)
{
    void *memory = reallocarray(old, count > 0 ? count : 1, size);
    if (memory == NULL)
        out_of_memory();
    return memory;
}

void kw_plant_free(void *memory)
{
    free(memory);
}

bool kw_plant_copy(char *to, size_t room, const char *text)
{
    size_t length = strlen(text);
    bool fits = length < room;
    if (!fits)
        length = room - 1;
    memcpy(to, text, length);
    to[length] = '\0';
    return fits;
}

static void add(struct kw_plant_out *out, const char *text, size_t length)
{
    if (out->length + length + 1 > out->room) {
        out->room = (out->length + length + 1) * 2;
        out->data = kw_plant_grow(out->data, out->room, 1);
    }
    memcpy(out->data + out->length, text, length);
    out->length += length;
    out->data[out->length] = '\0';
}

void kw_plant_out(struct kw_plant_out *out, const char *format, ...)
{
    char text[512];
    va_list list;
    va_start(list, format);
    int length = vsnprintf(text, sizeof text, format, list);
    va_end(list);
    if (length > 0) {
        size_t size = (size_t)length;
        add(out, text, size < sizeof text ? size : sizeof text - 1);
    }
}

void kw_plant_out_string(struct kw_plant_out *out, const char *text)
{
    add(out, "\"", 1);
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            kw_plant_out(out, "\\%c", c);
        else if (c < 0x20)
            kw_plant_out(out, "\\u%04x", c);
        else
            add(out, text, 1);
    }
    add(out, "\"", 1);
}

void kw_plant_out_real(struct kw_plant_out *out, double value)
{
    if (isfinite(value))
        kw_plant_out(out, "%.17g", value);
    else
        kw_plant_out(out, "null");
}

bool kw_plant_parse_real(const char *text, double *value)
{
    char *end = NULL;
    if (*text == '\0' || strspn(text, "+-.0123456789eE") != strlen(text))
        return false;
    *value = strtod(text, &end);
    return *end == '\0' && isfinite(*value);
}

bool kw_plant_parse_whole(const char *text, unsigned base, uint64_t limit,
                          uint64_t *value)
{
    const char *digits = base == 16 ? "0123456789abcdefABCDEF" : "0123456789";
    if (*text == '\0' || strspn(text, digits) != strlen(text))
        return false;
    errno = 0;
    unsigned long long number = strtoull(text, NULL, (int)base);
    if (errno != 0 || number > limit)
        return false;
    *value = number;
    return true;
}

/* The finalizer of splitmix64 (Steele, Lea, Flood: Fast splittable
 * pseudorandom number generators, 2014). */
uint64_t kw_plant_mix(uint64_t a, uint64_t b)
{
    uint64_t x = a * UINT64_C(0x9E3779B97F4A7C15) + b;
    x ^= x >> 30;
    x *= UINT64_C(0xBF58476D1CE4E5B9);
    x ^= x >> 27;
    x *= UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

int64_t kw_plant_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
