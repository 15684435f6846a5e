/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/fingerprint.h"

#include "base/sample.h"
#include "base/text.h"
#include "core/quantity.h"
#include "meter/decode.h"
#include "meter/identity.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LINE_MAX_BYTES = 255 };

/* --- the lines */

/* Cuts the next word off *text; "" when there is none. */
static const char *cut_word(char **text)
{
    char *word = *text;

    *text += strcspn(*text, " ");
    if (**text == ' ')
        *(*text)++ = 0;
    return word;
}

static bool read_number(const char *word, unsigned low, unsigned high,
                        unsigned *number)
{
    uint64_t value;

    if (kw_text_parse_u64(word, &value) != 0 || value < low || value > high)
        return false;
    *number = (unsigned)value;
    return true;
}

/* FUNCTION ADDRESS */
static bool read_place(struct kw_meter_print *print, char **rest)
{
    unsigned function, address;

    if (!read_number(cut_word(rest), 3, 4, &function) ||
        !read_number(cut_word(rest), 0, 65535, &address))
        return false;
    print->function = (uint8_t)function;
    print->address = (uint16_t)address;
    return true;
}

static bool read_text_form(struct kw_meter_print *print, char **rest)
{
    unsigned registers;

    if (!read_place(print, rest) ||
        !read_number(cut_word(rest), 1, KW_MAP_STRING_REGISTERS, &registers) ||
        print->address + registers > 65536)
        return false;
    print->kind = KW_METER_PRINT_TEXT;
    print->registers = (uint8_t)registers;
    return true;
}

/* LOW-HIGH or one number */
static bool read_number_form(struct kw_meter_print *print, char **rest)
{
    unsigned low, high;
    char *dash;

    if (!read_place(print, rest))
        return false;
    dash = strchr(*rest, '-');
    if (dash != NULL)
        *dash = 0;
    if (!read_number(*rest, 0, 65535, &low) ||
        !read_number(dash != NULL ? dash + 1 : *rest, low, 65535, &high))
        return false;
    print->kind = KW_METER_PRINT_NUMBER;
    print->registers = 1;
    print->low = (uint16_t)low;
    print->high = (uint16_t)high;
    return true;
}

/* What stands before the texts, by the first word. */
static bool read_form(struct kw_meter_print *print, char **rest)
{
    const char *first = cut_word(rest);

    if (strcmp(first, "number") == 0)
        return read_number_form(print, rest);
    if (strcmp(first, "text") == 0)
        return read_text_form(print, rest);
    if (strcmp(first, "says") == 0) {
        print->kind = KW_METER_PRINT_SAYS;
        return true;
    }
    print->kind = KW_METER_PRINT_BLOCK;
    return kw_text_copy(print->block, sizeof(print->block), first) &&
           kw_text_is_name(first) &&
           kw_text_copy(print->quantity, sizeof(print->quantity),
                        cut_word(rest)) &&
           kw_text_is_name(print->quantity);
}

bool kw_meter_print_parse(const char *line, size_t length,
                          struct kw_meter_print *print)
{
    char copy[LINE_MAX_BYTES + 1], *rest = copy;

    *print = (struct kw_meter_print){.texts = ""};
    if (length > LINE_MAX_BYTES)
        return false;
    memcpy(copy, line, length);
    copy[length] = 0;
    if (!read_form(print, &rest))
        return false;
    if (print->kind == KW_METER_PRINT_NUMBER)
        return true;
    print->texts = line + (rest - copy);
    return *rest != 0 && *rest != '|';
}

bool kw_meter_print_next(const char **at, struct kw_meter_print *print)
{
    while (**at != 0) {
        const char *line = *at;
        size_t length = strcspn(line, "\n");

        *at = line + length + (line[length] == '\n');
        if (kw_meter_print_parse(line, length, print))
            return true;
    }
    return false;
}

/* The text fills its registers: cut where they end? */
static bool is_cut(const char *text, size_t room, const char *words,
                   size_t length)
{
    char whole[LINE_MAX_BYTES + 1];

    if (strlen(text) < room || length >= sizeof(whole))
        return false;
    memcpy(whole, words, length);
    whole[length] = 0;
    return kw_meter_text_begins(whole, text, strlen(text));
}

bool kw_meter_print_begins(const struct kw_meter_print *print, const char *text,
                           size_t room)
{
    const char *words = print->texts;

    while (*words != 0 && *words != '\n') {
        size_t length = strcspn(words, "|\n");

        if (kw_meter_text_begins(text, words, length) ||
            is_cut(text, room, words, length))
            return true;
        words += length + (words[length] == '|');
    }
    return false;
}

/* --- evidence */

/* What a value can be. Zero is nothing to go by where has_zero. */
struct likely {
    const char *quantity;
    double low, high;
    unsigned weight;
    bool has_zero;
};

/*
 * Best first. The frequency of public supplies and of ships, 45 to 65 Hz;
 * voltages of low-voltage installations phase to neutral 80 to 300 V and
 * between phases 140 to 520 V, so that neither a scale that is wrong by ten
 * nor a word order that is wrong passes.
 */
static const struct likely table[] = {
    {"frequency", 45, 65, KW_METER_EVIDENCE_SURE, false},
    {"voltage_l1_n", 80, 300, 3, false},
    {"voltage_l2_n", 80, 300, 3, false},
    {"voltage_l3_n", 80, 300, 3, false},
    {"voltage_ln_avg", 80, 300, 3, false},
    {"voltage_avg", 80, 520, 3, false},
    {"voltage_l1_l2", 140, 520, 3, false},
    {"voltage_ll_avg", 140, 520, 3, false},
    {"power_factor_total", -1.0001, 1.0001, 2, true},
    {"current_l1", 1e-4, 1e5, 1, true},
    {"current_l2", 1e-4, 1e5, 1, true},
    {"current_l3", 1e-4, 1e5, 1, true},
    {"current_avg", 1e-4, 1e5, 1, true},
    {"active_power_total", -1e8, 1e8, 1, true},
    {"active_power_l1", -1e8, 1e8, 1, true},
    {"reactive_power_total", -1e8, 1e8, 1, true},
    {"apparent_power_total", 1e-3, 1e8, 1, true},
    {"active_energy_import_total", 1e-3, 1e13, 1, true},
};

enum { TABLE_ROWS = sizeof(table) / sizeof(table[0]) };

static bool can_tell(const struct kw_map_point *point)
{
    return point->compute == NULL && point->type != KW_MAP_BIT &&
           point->type != KW_MAP_STRING &&
           (point->function == 3 || point->function == 4);
}

size_t kw_meter_evidence(const struct kw_map *map,
                         uint16_t points[KW_METER_EVIDENCE_MAX])
{
    size_t count = 0;

    for (size_t row = 0; row < TABLE_ROWS; row++) {
        for (size_t i = 0; i < map->count; i++) {
            if (count < KW_METER_EVIDENCE_MAX && can_tell(&map->points[i]) &&
                strcmp(map->points[i].quantity->name, table[row].quantity) == 0)
                points[count++] = (uint16_t)i;
        }
    }
    return count;
}

static const struct likely *find_likely(const char *quantity)
{
    const struct likely *row = table;

    while (strcmp(row->quantity, quantity) != 0)
        row++;
    return row;
}

enum kw_meter_evidence_verdict
kw_meter_evidence_judge(const struct kw_map_point *point,
                        const unsigned char *data, unsigned *weight)
{
    const struct likely *likely = find_likely(point->quantity->name);
    uint64_t raw;
    uint8_t quality = kw_meter_decode_number(point, data, &raw);
    double value;

    *weight = likely->weight;
    /* What the map itself calls not available says that the meter knows it. */
    if (quality == KW_QUALITY_BAD_NOT_AVAILABLE && point->na_count > 0)
        return KW_METER_EVIDENCE_NOTHING;
    if (quality != KW_QUALITY_GOOD)
        return KW_METER_EVIDENCE_AGAINST;
    value = kw_sample_value(kw_meter_decode_encoding(point), raw,
                            kw_meter_decode_scale(point));
    if (value == 0 && likely->has_zero)
        return KW_METER_EVIDENCE_NOTHING;
    /* Integers read as floating numbers are often next to nothing. */
    if (fabs(value) < 1e-6 || !(value >= likely->low && value <= likely->high))
        return KW_METER_EVIDENCE_AGAINST;
    return KW_METER_EVIDENCE_FOR;
}

unsigned kw_meter_evidence_score(unsigned got, unsigned most, unsigned hits,
                                 bool named)
{
    unsigned share = most > 0 ? got * 100 / most : 0;

    if (named)
        return 90 + share / 10;
    /* Half by what fits, the rest by how much of it there is. */
    return got == 0 ? 0 : share * 50 / 100 + hits * 35 / KW_METER_EVIDENCE_MAX;
}
