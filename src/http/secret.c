// SPDX-License-Identifier: Apache-2.0
#include "http/secret.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/memory.h"

void secret_free(char *text)
{
    if (!text)
        return;
    OPENSSL_cleanse(text, strlen(text));
    free(text);
}

void secret_clear(struct buffer *buffer)
{
    if (buffer->data)
        OPENSSL_cleanse(buffer->data, buffer->capacity);
    buffer_clear(buffer);
}

static void wipe_json(json_t *json)
{
    const char *key;
    json_t *value;
    size_t i;

    json_object_foreach(json, key, value) wipe_json(value);
    json_array_foreach(json, i, value) wipe_json(value);
    /* jansson gives its own, writable string away as const. */
    if (json_is_string(json))
        OPENSSL_cleanse((char *)(uintptr_t)json_string_value(json), json_string_length(json));
}

void secret_json_free(json_t *json)
{
    wipe_json(json);
    json_decref(json);
}

char *secret_basic(const char *username, const char *password)
{
    static const char scheme[] = "Basic ";
    cleanup(secret_freep) char *pair = xasprintf("%s:%s", username, password);
    size_t len = strlen(pair);
    char *header = xcalloc(sizeof scheme + (len + 2) / 3 * 4, 1);

    strcpy(header, scheme);
    EVP_EncodeBlock((unsigned char *)header + sizeof scheme - 1, (const unsigned char *)pair,
                    (int)len);
    return header;
}

static char *without_line_ends(const char *text)
{
    char *copy = xcalloc(strlen(text) + 1, 1);
    size_t len = 0;

    for (; *text; text++)
        if (*text != '\r' && *text != '\n')
            copy[len++] = *text;
    return copy;
}

char *secret_base64_decode(const char *given, size_t *len)
{
    cleanup(secret_freep) char *text = without_line_ends(given);
    size_t text_len = strlen(text), padding = 0;
    unsigned char *bytes;
    int bytes_len;

    if (text_len == 0 || text_len > INT_MAX)
        return NULL;
    while (padding < 2 && padding < text_len && text[text_len - 1 - padding] == '=')
        padding++;
    bytes = xcalloc(text_len / 4 * 3 + 4, 1);
    bytes_len = EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)text_len);
    if (bytes_len < (int)padding) {
        OPENSSL_cleanse(bytes, text_len / 4 * 3);
        free(bytes);
        return NULL;
    }
    *len = (size_t)bytes_len - padding; /* EVP_DecodeBlock() counts padding as bytes */
    bytes[*len] = '\0';
    return (char *)bytes;
}
