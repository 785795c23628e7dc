// SPDX-License-Identifier: Apache-2.0
#include "inspect/report-text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */
enum { REPLACEMENT_LEN = sizeof replacement - 1 };

/* The bytes of the character that `text` begins with; 0: none that RFC 3629 allows. */
static size_t character_len(const uint8_t *text, size_t len)
{
    static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t needed;
    uint32_t value;

    if (text[0] < 0x80)
        return text[0] ? 1 : 0;
    needed = text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : text[0] >= 0xc0 ? 2 : 0;
    if (needed == 0 || needed > len || text[0] > 0xf7)
        return 0;
    value = text[0] & (0x7fU >> needed);
    for (size_t i = 1; i < needed; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (text[i] & 0x3f);
    }
    if (value < lowest[needed] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return 0;
    return needed;
}

json_t *report_text(const char *bytes, size_t len)
{
    char *clean = xcalloc(len + 1, REPLACEMENT_LEN);
    size_t at = 0, to = 0;
    json_t *text;

    while (at < len) {
        size_t part = character_len((const uint8_t *)bytes + at, len - at);

        memcpy(clean + to, part ? bytes + at : replacement, part ? part : REPLACEMENT_LEN);
        to += part ? part : REPLACEMENT_LEN;
        at += part ? part : 1;
    }
    text = json_stringn(clean, to);
    if (!text)
        abort();
    free(clean);
    return text;
}

void report_set_text(json_t *object, const char *key, const char *text)
{
    if (text && *text)
        json_object_set_new(object, key, report_text(text, strlen(text)));
}
