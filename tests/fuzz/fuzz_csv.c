/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as CSV: reading ends after at most as many records as there are
 * lines, and fields are clean text that ends.
 */
#include "base/csv.h"
#include "base/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_field(const char *field)
{
    for (; *field != 0; field += *field == '\t' ? 1 : kw_text_step(field, 4)) {
        if (*field != '\t' && kw_text_step(field, strnlen(field, 4)) == 0)
            abort();
    }
}

static void check_record(const struct kw_csv *csv)
{
    const char *value;
    char key[16];

    if (csv->fields == 0 || csv->fields > KW_CSV_FIELDS)
        abort();
    for (size_t i = 0; i < csv->fields; i++) {
        if (csv->mark[i].line == 0 || csv->mark[i].column == 0)
            abort();
        check_field(csv->field[i]);
    }
    if (kw_csv_comment(csv, key, sizeof(key), &value))
        check_field(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct kw_csv csv;
    struct kw_diag diag;
    size_t records = 0;
    int err;

    kw_diag_init(&diag);
    kw_csv_init(&csv, (const char *)data, size);
    while ((err = kw_csv_next(&csv, &diag)) != KW_EOF) {
        if (++records > size)
            abort();
        if (err == 0)
            check_record(&csv);
        else if (err != KW_EINVAL || !kw_diag_any(&diag))
            abort();
    }
    kw_diag_fini(&diag);
    return 0;
}
