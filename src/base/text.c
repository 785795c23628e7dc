// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <regex.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"

enum { UTF8_MAX_BYTES = 4 }; /* of a character */

struct range {
    uint32_t first, last;
};

/* Unicode's categories Cc, Zl, Zp, and of Cf what hides or turns the text around it. */
static const struct range unseen[] = {
    {0x0000, 0x001f}, {0x007f, 0x009f}, {0x00ad, 0x00ad}, {0x061c, 0x061c},   {0x115f, 0x1160},
    {0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},   {0x3164, 0x3164},
    {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe0fff},
};

/* The length of the character that can be shown as it is; 0: it cannot. */
static size_t showable(const char *text)
{
    uint32_t code = 0;
    /* Its end, a NUL, is no part of a longer character, and ends the look at it. */
    size_t len = utf8_decode(text, strnlen(text, UTF8_MAX_BYTES - 1) + 1, &code);

    for (size_t i = 0; i < sizeof unseen / sizeof *unseen; i++)
        if (code >= unseen[i].first && code <= unseen[i].last)
            return 0;
    return len;
}

/* Adds the character at *text, which is moved behind it, to `shown`. 0: it takes more than `room`
 * bytes; then nothing has changed. */
static size_t show_character(char *shown, size_t room, const char **text)
{
    size_t len = showable(*text), takes = len ? len : sizeof "\\xff" - 1;

    if (takes > room)
        return 0;
    if (len)
        memcpy(shown, *text, len);
    else /* with its end, for which the buffer has room as well */
        snprintf(shown, takes + 1, "\\x%02x", (unsigned char)**text);
    *text += len ? len : 1;
    return takes;
}

void display_fill(char *shown, size_t size, const char *text)
{
    size_t used = 0, added;

    while (*text && (added = show_character(shown + used, size - 1 - used, &text)) > 0)
        used += added;
    shown[used] = '\0';
}

char *display_text(const char *text, size_t max)
{
    char *shown = xcalloc(max + sizeof "...", 1);
    size_t used = 0, added;

    while (*text && (added = show_character(shown + used, max - used, &text)) > 0)
        used += added;
    strcpy(shown + used, *text ? "..." : "");
    return shown;
}

bool display_hides(const char *text)
{
    size_t len;

    for (;;) {
        while (*text >= ' ' && *text < 0x7f)
            text++;
        if (!*text || (len = showable(text)) == 0)
            break;
        text += len;
    }
    return *text != '\0';
}

bool pattern_matches(const char *pattern, const char *text)
{
    regex_t regex;
    bool matches;

    if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0) {
        fprintf(stderr, "ckptoci: cannot compile the pattern %s\n", pattern);
        abort();
    }
    matches = regexec(&regex, text, 0, NULL, 0) == 0;
    regfree(&regex);
    return matches;
}

bool path_climbs(const char *path)
{
    for (const char *at = path; *at; at += strcspn(at, "/"), at += *at == '/')
        if (strncmp(at, "..", 2) == 0 && (at[2] == '\0' || at[2] == '/'))
            return true;
    return false;
}

bool text_ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);

    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

bool text_is_among(const char *text, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(text, *list) == 0)
            return true;
    return false;
}
