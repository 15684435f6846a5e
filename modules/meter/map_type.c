/* SPDX-License-Identifier: Apache-2.0 */
/* The columns type and word_order of a register map. */
#include "meter/map_cell.h"

#include "base/text.h"

#include <string.h>

/* registers: of a whole number; 0 when the row says how many. A number of
 * which only some bits may be taken is `cut`. */
static const struct type {
    const char *name;
    uint8_t registers;
    bool cut;
} types[KW_MAP_TYPES] = {
    [KW_MAP_BIT] = {"bit", 1, false},
    [KW_MAP_U16] = {"u16", 1, true},
    [KW_MAP_S16] = {"s16", 1, true},
    [KW_MAP_U32] = {"u32", 2, true},
    [KW_MAP_S32] = {"s32", 2, true},
    [KW_MAP_U64] = {"u64", 4, true},
    [KW_MAP_S64] = {"s64", 4, true},
    [KW_MAP_F32] = {"f32", 2, false},
    [KW_MAP_F64] = {"f64", 4, false},
    [KW_MAP_STRING] = {"string", 0, false},
    [KW_MAP_BCD16] = {"bcd16", 1, false},
    [KW_MAP_BCD32] = {"bcd32", 2, false},
    [KW_MAP_BCD64] = {"bcd64", 4, false},
    [KW_MAP_SM16] = {"sm16", 1, false},
    [KW_MAP_SM32] = {"sm32", 2, false},
    [KW_MAP_MOD10000] = {"mod10000", 0, false},
};

/* The letters are the bytes of 0xAABBCCDD in the order in which they come. */
static const struct order {
    const char *name;
    bool several, low_word_first, low_byte_first;
} orders[] = {
    {"-", false, false, false},   {"AB", false, false, false},
    {"BA", false, false, true},   {"be", true, false, false},
    {"ABCD", true, false, false}, {"le", true, true, false},
    {"CDAB", true, true, false},  {"BADC", true, false, true},
    {"DCBA", true, true, true},
};

unsigned kw_meter_map_type_registers(enum kw_map_type type)
{
    return types[type].registers;
}

/* The number of a bit that stands at the text, and what follows it. */
static const char *read_bit(const char *text, unsigned *bit)
{
    size_t digits = strspn(text, "0123456789");
    char number[4] = "";
    uint64_t value;

    if (digits == 0 || digits >= sizeof(number))
        return NULL;
    memcpy(number, text, digits);
    if (kw_text_parse_u64(number, &value) != 0)
        return NULL;
    *bit = (unsigned)value;
    return text + digits;
}

/* "[4]" or "[4:7]", the least significant bit first. */
static bool read_bits(const char *text, struct kw_map_type_word *word)
{
    unsigned all = types[word->type].registers * 16U, first, last;
    const char *at;

    if (!types[word->type].cut || (at = read_bit(text + 1, &first)) == NULL)
        return false;
    last = first;
    if (*at == ':' && (at = read_bit(at + 1, &last)) == NULL)
        return false;
    if (strcmp(at, "]") != 0 || first > last || last >= all)
        return false;
    word->shift = (uint8_t)first;
    word->bits = (uint8_t)(last - first + 1);
    return true;
}

bool kw_meter_map_read_type(const char *text, struct kw_map_type_word *word)
{
    size_t length = strcspn(text, "[");

    *word = (struct kw_map_type_word){0};
    for (int i = 0; i < KW_MAP_TYPES; i++) {
        if (strlen(types[i].name) != length ||
            memcmp(types[i].name, text, length) != 0)
            continue;
        word->type = (enum kw_map_type)i;
        return text[length] == 0 || read_bits(text + length, word);
    }
    return false;
}

int kw_meter_map_read_order(const struct kw_map_row *row,
                            struct kw_map_point *point)
{
    const char *text = row->csv->field[KW_MAP_WORD_ORDER];
    bool several = point->registers > 1;

    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
        /* A text may always do without. */
        if (strcmp(orders[i].name, text) != 0 ||
            (orders[i].several != several &&
             (point->type != KW_MAP_STRING || i > 0)) ||
            (point->type == KW_MAP_BIT && i > 0))
            continue;
        point->low_word_first = orders[i].low_word_first;
        point->low_byte_first = orders[i].low_byte_first;
        return 0;
    }
    if (point->type == KW_MAP_BIT)
        return kw_meter_map_refuse(row, KW_MAP_WORD_ORDER, "-");
    return kw_meter_map_refuse(row, KW_MAP_WORD_ORDER,
                               several ? "be (ABCD), le (CDAB), BADC or DCBA"
                                       : "- (AB) or BA for one register");
}
