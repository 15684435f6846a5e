/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows as the Markdown table of a README: nested keys are written as
 * "serial.baud" and "meters[].unit". `tests/check/run --write-tables` puts them
 * in, and a rule compares them, so a document can't lag behind a row.
 */
#include "base/buf.h"
#include "core/setting_value.h"

#include <stdio.h>
#include <string.h>

enum { PREFIX_SIZE = 160 };

/* A vertical bar would end the cell. */
static void put_cell(struct kw_buf *out, const char *text)
{
    for (; *text != 0; text++) {
        if (*text == '|')
            kw_buf_put_byte(out, '\\');
        kw_buf_put_byte(out, (unsigned char)*text);
    }
}

static void put_limits(struct kw_buf *out, const struct kw_setting *row)
{
    char limits[KW_LIMITS_SIZE];

    kw_setting_limits(row, limits);
    put_cell(out, limits);
    if (row->kind == KW_KIND_KEYWORD) {
        for (size_t i = 0; row->words[i] != NULL; i++) {
            kw_buf_put_text(out, i > 0 ? ", " : "");
            put_cell(out, row->words[i]);
        }
    }
    if (row->refers != NULL) {
        kw_buf_put_text(out, limits[0] != 0 ? ", from " : "from ");
        put_cell(out, row->refers);
    }
}

static void put_default(struct kw_buf *out, const struct kw_setting *row)
{
    if ((row->flags & KW_REQUIRED) != 0) {
        kw_buf_put_text(out, "required");
    } else if ((row->flags & KW_ONE_OF) != 0) {
        kw_buf_put_text(out, "one of these");
    } else if (row->preset != NULL) {
        kw_buf_put_byte(out, '`');
        put_cell(out, row->preset);
        kw_buf_put_byte(out, '`');
    }
}

static void put_row(struct kw_buf *out, const struct kw_setting *row,
                    const char *prefix)
{
    kw_buf_printf(out, "| `%s%s` | %s | ", prefix, row->key,
                  kw_kind_name(row->kind));
    put_limits(out, row);
    kw_buf_put_text(out, " | ");
    put_default(out, row);
    kw_buf_put_text(out, " | ");
    put_cell(out, row->unit != NULL ? row->unit : "");
    kw_buf_put_text(out, " | ");
    put_cell(out, row->help != NULL ? row->help : "");
    if ((row->flags & KW_RESTART) != 0)
        kw_buf_put_text(out, " After a restart.");
    kw_buf_put_text(out, " |\n");
}

static void put_rows(struct kw_buf *out, const struct kw_setting *rows,
                     const char *prefix)
{
    char nested[PREFIX_SIZE];

    for (; rows->kind != KW_KIND_END; rows++) {
        put_row(out, rows, prefix);
        if (rows->rows == NULL)
            continue;
        snprintf(nested, sizeof(nested), "%s%s%s", prefix, rows->key,
                 rows->kind == KW_KIND_LIST ? "[]." : ".");
        put_rows(out, rows->rows, nested);
    }
}

void kw_settings_table(const struct kw_setting *rows, struct kw_buf *out)
{
    kw_buf_put_text(out, "| Key | Type | Limits | Default | Unit | Meaning |\n"
                         "| --- | --- | --- | --- | --- | --- |\n");
    put_rows(out, rows, "");
}
