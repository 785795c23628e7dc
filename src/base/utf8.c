// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */
enum { REPLACEMENT_LEN = sizeof replacement - 1 };

size_t utf8_decode(const char *text, size_t len, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *byte = (const unsigned char *)text;
    size_t needed = *byte < 0x80 ? 1 : *byte < 0xc2 ? 0 : *byte < 0xe0 ? 2 : *byte < 0xf0 ? 3 : 4;

    if (needed == 0 || needed > len || *byte > 0xf4)
        return 0;
    *code = needed == 1 ? *byte : *byte & (0x7fU >> needed);
    for (size_t i = 1; i < needed; i++) {
        if ((byte[i] & 0xc0) != 0x80)
            return 0;
        *code = *code << 6 | (byte[i] & 0x3fU);
    }
    if (*code < least[needed] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
        return 0;
    return needed;
}

json_t *utf8_string(const char *bytes, size_t len)
{
    char *clean = xcalloc(len + 1, REPLACEMENT_LEN);
    size_t at = 0, to = 0;
    json_t *text;

    while (at < len) {
        uint32_t code = 0;
        size_t part = bytes[at] ? utf8_decode(bytes + at, len - at, &code) : 0;

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

json_t *utf8_text(const char *text)
{
    return utf8_string(text, strlen(text));
}

void utf8_set(json_t *object, const char *key, const char *text)
{
    if (text && *text)
        json_object_set_new(object, key, utf8_text(text));
}
