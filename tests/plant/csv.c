/* SPDX-License-Identifier: Apache-2.0 */
#include "csv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { FILE_LIMIT_BYTES = 1024 * 1024 };

void kw_plant_csv_take(struct kw_plant_csv *csv, const char *path, char *data)
{
    *csv = (struct kw_plant_csv){.path = path, .data = data, .next = data};
}

int kw_plant_csv_load(struct kw_plant_csv *csv, const char *path,
                      struct kw_plant_diag *diag)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return kw_plant_say(diag, "%s: %s", path, strerror(errno));
    char *data = kw_plant_alloc(FILE_LIMIT_BYTES + 1, 1);
    size_t length = fread(data, 1, FILE_LIMIT_BYTES, file);
    bool whole = feof(file) || fgetc(file) == EOF;
    bool failed = ferror(file) != 0;
    fclose(file);
    kw_plant_csv_take(csv, path, data);
    if (!failed && whole && strlen(data) == length)
        return 0;
    kw_plant_csv_fini(csv);
    return kw_plant_say(diag, "%s: cannot be read as text of up to 1 MiB",
                        path);
}

/* Cuts the next line off; NULL at the end. */
static char *take_line(struct kw_plant_csv *csv)
{
    char *line = csv->next;
    if (*line == '\0')
        return NULL;
    char *end = strchrnul(line, '\n');
    csv->next = *end == '\0' ? end : end + 1;
    *end = '\0';
    csv->line++;
    return line;
}

/* A line that begins with "# ", or has only the hash: for people. */
static bool is_remark(const char *line)
{
    return *line == '#' &&
           (line[1] == ' ' || line[1] == '\n' || line[1] == '\0');
}

int kw_plant_csv_key(struct kw_plant_csv *csv, struct kw_plant_field *key,
                     struct kw_plant_field *value, struct kw_plant_diag *diag)
{
    while (is_remark(csv->next))
        take_line(csv);
    if (*csv->next != '#')
        return 0;
    char *line = take_line(csv);
    char *colon = strchr(line, ':');
    if (colon == NULL)
        return kw_plant_say(diag, "%s:%u:1: expected '#key: value'", csv->path,
                            csv->line);
    *colon = '\0';
    char *text = colon + 1 + strspn(colon + 1, " ");
    *key = (struct kw_plant_field){line + 1, 2};
    *value = (struct kw_plant_field){text, (unsigned)(text - line) + 1};
    return 1;
}

/* Ends a quoted field that starts at `text` and takes its quotes away.
 * Returns the first character after it, NULL if the last quote is missing. */
static char *unquote(char *text)
{
    char *from = text, *to = text;
    for (;;) {
        if (*from == '\0')
            return NULL;
        if (*from == '"' && from[1] != '"')
            break;
        if (*from == '"')
            from++;
        *to++ = *from++;
    }
    *to = '\0';
    return from + 1;
}

/* Ends the field at `*at` and moves on; returns the field's text, NULL if it
 * is not well formed. `*at` becomes NULL after the last field. */
static char *take_field(char **at)
{
    char *text = *at, *end;
    if (*text == '"') {
        text++;
        end = unquote(text);
        if (end == NULL || (*end != ',' && *end != '\0'))
            return NULL;
    } else {
        end = strchrnul(text, ',');
    }
    bool last = *end == '\0';
    *end = '\0';
    *at = last ? NULL : end + 1;
    return text;
}

int kw_plant_csv_row(struct kw_plant_csv *csv, struct kw_plant_field *fields,
                     struct kw_plant_diag *diag)
{
    char *line;
    do {
        line = take_line(csv);
        if (line == NULL)
            return 0;
    } while (*line == '\0' || is_remark(line));

    int count = 0;
    for (char *at = line; at != NULL; count++) {
        unsigned column = (unsigned)(at - line) + 1;
        if (count == KW_PLANT_CSV_FIELDS)
            return kw_plant_say(diag, "%s:%u:%u: more than %d fields",
                                csv->path, csv->line, column,
                                KW_PLANT_CSV_FIELDS);
        char *text = take_field(&at);
        if (text == NULL)
            return kw_plant_say(diag,
                                "%s:%u:%u: a quote does not end the "
                                "field",
                                csv->path, csv->line, column);
        fields[count] = (struct kw_plant_field){text, column};
    }
    return count;
}

void kw_plant_csv_fini(struct kw_plant_csv *csv)
{
    kw_plant_free(csv->data);
    *csv = (struct kw_plant_csv){0};
}
