/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a unit says of itself and what it answers in the whole dialogue. The
 * first byte chooses: 0 an answer to 43/14, 1 to 17, 2 a line of a fingerprint
 * and the text it is compared with, else a dialogue whose answers are taken
 * from the rest.
 */
#include "base/diag.h"
#include "core/quantity.h"
#include "meter/identify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ASKS_MAX = 1000, MAPS = 2 };

static const char quantities[] = "name,title,unit,kind,decimals,group\n"
                                 "frequency,F,Hz,gauge,2,other\n"
                                 "voltage_l1_n,V,V,gauge,1,voltage\n"
                                 "current_l1,I,A,gauge,2,current\n"
                                 "extended_name,N,1,text,0,info\n";

static const char columns[] =
    "quantity,function,address,registers,type,word_order,multiplier,unit,"
    "class,na,formula,note,source\n";

static void must(bool right)
{
    if (!right)
        abort();
}

static struct kw_map *parse_map(const struct kw_quantities *list,
                                const char *name, const char *keys,
                                const char *rows)
{
    struct kw_map *map = NULL;
    struct kw_diag diag;
    char text[2048];

    snprintf(text, sizeof(text), "%s%s%s", keys, columns, rows);
    kw_diag_init(&diag);
    must(kw_meter_map_parse(&map, name, text, strlen(text), list, &diag) == 0);
    kw_diag_fini(&diag);
    return map;
}

/* Two maps, made once and kept to the end. */
static struct kw_map *const *maps(void)
{
    static struct kw_map *made[MAPS];
    static struct kw_quantities *list;
    struct kw_diag diag;

    if (list != NULL)
        return made;
    kw_diag_init(&diag);
    must(kw_quantities_parse(&list, quantities, strlen(quantities), &diag) ==
         0);
    kw_diag_fini(&diag);
    made[0] = parse_map(list, "block", "#title: B\n#fingerprint: true\n",
                        "extended_name,3,50058,8,string,-,1,1,slow,,,,\n");
    made[1] = parse_map(
        list, "acme_m3",
        "#title: ACME M3\n#make: ACME\n#load_stride: 2048\n"
        "#fingerprint: block extended_name m3|m4\n#fingerprint: says m3\n"
        "#fingerprint: text 3 100 4 m3\n#fingerprint: number 4 9 3-5\n",
        "frequency,3,10,1,u16,-,0.01,Hz,fast,FFFF,,,\n"
        "voltage_l1_n,3,11,2,u32,le,0.1,V,fast,,,,\n"
        "current_l1,4,13,2,f32,be,1,A,fast,,,,\n");
    return made;
}

static void check_text(const char *text)
{
    size_t length = strnlen(text, KW_METER_IDENTITY_SIZE);

    must(length < KW_METER_IDENTITY_SIZE);
    for (size_t i = 0; i < length; i++)
        must(text[i] >= 0x20 && text[i] < 0x7F);
}

static void check_identity(const struct kw_meter_identity *identity)
{
    check_text(identity->make);
    check_text(identity->model);
    check_text(identity->name);
    check_text(identity->application);
    check_text(identity->revision);
    check_text(identity->serial);
    (void)kw_meter_identity_has(identity, "m3", 2);
}

static void run_objects(const uint8_t *data, size_t size)
{
    struct kw_meter_identity identity = {0};
    struct kw_meter_objects objects;

    (void)kw_meter_identity_objects(&identity, data, size, &objects);
    check_identity(&identity);
}

static void run_report(const uint8_t *data, size_t size)
{
    struct kw_meter_identity identity = {0};

    must(kw_meter_identity_report(&identity, data, size) ==
         (identity.said == KW_METER_SAID_17));
    check_identity(&identity);
}

/* The line up to a NUL, then the text. */
static void run_line(const uint8_t *data, size_t size)
{
    char *line = calloc(1, size + 2);
    struct kw_meter_print print;
    const char *text;

    must(line != NULL);
    memcpy(line, data, size);
    text = line + strlen(line) + 1;
    if (text > line + size)
        text = line + size;
    if (kw_meter_print_parse(line, strlen(line), &print)) {
        must(print.kind == KW_METER_PRINT_NUMBER || print.texts[0] != 0);
        must(print.low <= print.high);
        (void)kw_meter_print_begins(&print, text, 16);
    }
    free(line);
}

/* The next answer: a byte for what it is, then its bytes. */
static void answer(struct kw_meter_identify *identify,
                   const struct kw_meter_ask *ask, const uint8_t **data,
                   size_t *size)
{
    size_t length = kw_meter_ask_data_bytes(ask);
    enum kw_meter_outcome outcome = KW_METER_EXCEPTION;

    if (*size > 0) {
        outcome = **data % 8 == 7   ? KW_METER_TIMEOUT
                  : **data % 8 == 6 ? KW_METER_EXCEPTION
                                    : KW_METER_GOOD;
        if (length == 0)
            length = **data / 8;
        (*data)++;
        (*size)--;
    }
    if (length > *size)
        length = *size;
    kw_meter_identify_take(identify, outcome, *data, length);
    if (outcome == KW_METER_GOOD) {
        *data += length;
        *size -= length;
    }
}

static void run_dialogue(const uint8_t *data, size_t size)
{
    struct kw_meter_identify *identify = malloc(sizeof(*identify));
    struct kw_meter_ask ask;
    unsigned asks = 0;

    must(identify != NULL);
    kw_meter_identify_init(identify, 1, maps(), MAPS);
    while (kw_meter_identify_next(identify, &ask)) {
        must(kw_meter_ask_valid(&ask) && ++asks < ASKS_MAX);
        answer(identify, &ask, &data, &size);
    }
    check_identity(&identify->identity);
    must(identify->proposed <= 1); /* the block is no meter */
    must((identify->proposed > 0) == (identify->loads != 0));
    free(identify);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    switch (data[0]) {
    case 0:
        run_objects(data + 1, size - 1);
        break;
    case 1:
        run_report(data + 1, size - 1);
        break;
    case 2:
        run_line(data + 1, size - 1);
        break;
    default:
        run_dialogue(data + 1, size - 1);
        break;
    }
    return 0;
}
