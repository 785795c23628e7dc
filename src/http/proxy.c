// SPDX-License-Identifier: Apache-2.0
#include "http/proxy.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "http/url.h"

/* An IPv4 address has 4 bytes, also where it is written as one of IPv6. */
struct address {
    uint8_t bytes[16];
    unsigned len;
};

static bool parse_address(struct address *address, const char *text)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    size_t text_len = strlen(text);
    bool has_brackets = *text == '[' && text[text_len - 1] == ']';
    cleanup_free char *bare =
        has_brackets ? xstrndup(text + 1, text_len - 2) : xstrndup(text, text_len);

    address->len = 4;
    if (inet_pton(AF_INET, bare, address->bytes) == 1)
        return !has_brackets;
    address->len = 16;
    if (inet_pton(AF_INET6, bare, address->bytes) != 1)
        return false;
    if (memcmp(address->bytes, mapped, sizeof mapped) == 0) {
        memmove(address->bytes, address->bytes + sizeof mapped, 4);
        address->len = 4;
    }
    return true;
}

bool proxy_is_loopback(const char *host)
{
    static const uint8_t loopback[16] = {[15] = 1};
    struct address address;

    if (strcasecmp(host, "localhost") == 0)
        return true;
    if (!parse_address(&address, host))
        return false;
    return address.len == 4 ? address.bytes[0] == 127
                            : memcmp(address.bytes, loopback, sizeof loopback) == 0;
}

static bool has_same_bits(const struct address *a, const struct address *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;

    if (memcmp(a->bytes, b->bytes, whole) != 0)
        return false;
    return rest == 0 || (a->bytes[whole] ^ b->bytes[whole]) >> (8 - rest) == 0;
}

/* "10.0.0.0/8" */
static bool matches_network(char *entry, const struct address *address)
{
    char *slash = strchr(entry, '/'), *end;
    struct address network;
    unsigned long bits;

    if (!slash || slash[1] < '0' || slash[1] > '9')
        return false;
    bits = strtoul(slash + 1, &end, 10);
    *slash = '\0';
    return !*end && parse_address(&network, entry) && network.len == address->len &&
           bits <= 8UL * network.len && has_same_bits(&network, address, (unsigned)bits);
}

/* Without the leading dot or "*." that stands for what is below a domain alone. */
static bool matches_domain(const char *entry, const char *host)
{
    size_t host_len = strlen(host), len;
    bool only_below = false;

    if (strncmp(entry, "*.", 2) == 0)
        entry++;
    if (*entry == '.') {
        only_below = true;
        entry++;
    }
    len = strlen(entry);
    if (len == 0)
        return false;
    if (host_len == len)
        return !only_below && strcasecmp(host, entry) == 0;
    return host_len > len && host[host_len - len - 1] == '.' &&
           strcasecmp(host + host_len - len, entry) == 0;
}

/* Cuts ":PORT" off; NULL: there is none. An IPv6 address without brackets has more colons. */
static const char *cut_port(char *entry)
{
    char *colon = strrchr(entry, ':');

    if (!colon || (strchr(entry, ':') != colon && colon[-1] != ']'))
        return NULL;
    *colon = '\0';
    return colon + 1;
}

static bool matches(char *entry, const char *host, const char *port)
{
    struct address address, other;
    bool is_address = parse_address(&address, host);
    const char *only_port;

    if (strcmp(entry, "*") == 0)
        return true;
    if (strchr(entry, '/'))
        return is_address && matches_network(entry, &address);
    only_port = cut_port(entry);
    if (only_port && *only_port && strcmp(only_port, port) != 0)
        return false;
    if (is_address)
        return parse_address(&other, entry) && other.len == address.len &&
               memcmp(other.bytes, address.bytes, address.len) == 0;
    return matches_domain(entry, host);
}

bool proxy_lists(const char *no_proxy, const char *host, const char *port)
{
    for (const char *at = no_proxy; *at; at += strcspn(at, ",")) {
        cleanup_free char *entry = NULL;
        size_t len;

        at += strspn(at, ", \t");
        len = strcspn(at, ",");
        while (len > 0 && strchr(" \t", at[len - 1]))
            len--;
        if (len == 0 || len > NO_PROXY_ENTRY_MAX_LEN)
            continue;
        entry = xstrndup(at, len);
        if (matches(entry, host, port))
            return true;
    }
    return false;
}

bool proxy_is_bypassed(const char *url)
{
    static const char *const names[] = {"no_proxy", "NO_PROXY"};
    cleanup_free char *host = NULL, *port = NULL;

    if (url_find_host(&host, &port, url))
        return false;
    if (proxy_is_loopback(host))
        return true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *list = getenv(names[i]);

        if (list && proxy_lists(list, host, port))
            return true;
    }
    return false;
}
