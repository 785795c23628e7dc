// SPDX-License-Identifier: Apache-2.0
#include "http/sockets.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/sockios.h>

static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct sockets *sockets = context;
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);

    (void)purpose;
    if (fd >= 0 && sockets->count < SOCKETS_MAX)
        sockets->fds[sockets->count++] = fd;
    return fd;
}

static int close_socket(void *context, curl_socket_t fd)
{
    struct sockets *sockets = context;

    for (unsigned i = 0; i < sockets->count; i++) {
        if (sockets->fds[i] == fd) {
            sockets->fds[i] = sockets->fds[--sockets->count];
            break;
        }
    }
    return close(fd);
}

void sockets_follow(struct sockets *sockets, CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, sockets);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, sockets);
}

static int unsent_bytes(int fd)
{
    int bytes = 0;

    return ioctl(fd, SIOCOUTQ, &bytes) == 0 ? bytes : 0;
}

int64_t sockets_unsent_bytes(const struct sockets *sockets)
{
    int64_t bytes = 0;

    for (unsigned i = 0; i < sockets->count; i++)
        bytes += unsent_bytes(sockets->fds[i]);
    return bytes;
}

void sockets_give_up_unsent(const struct sockets *sockets)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    for (unsigned i = 0; i < sockets->count; i++)
        if (unsent_bytes(sockets->fds[i]) > 0)
            setsockopt(sockets->fds[i], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}
