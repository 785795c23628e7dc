// SPDX-License-Identifier: Apache-2.0
#include "prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>

#include "base/memory.h"

void prompt_done(struct buffer *line)
{
    if (line->data)
        explicit_bzero(line->data, line->capacity);
    buffer_done(line);
}

/* 1: some bytes; 0: the end. */
static int take_some(struct buffer *text, int fd, struct cancel *cancel, struct error *error)
{
    char data[PROMPT_MAX_BYTES];
    ssize_t n = -1;
    int result;

    while (n < 0) {
        if (cancel_poll(cancel, fd, POLLIN, error))
            return -1;
        n = read(fd, data, sizeof data);
        if (n < 0 && errno != EINTR)
            return error_set_errno(error, errno, "read input");
    }
    result = buffer_append(text, data, (size_t)n);
    explicit_bzero(data, (size_t)n);
    if (result)
        return error_set(error, ERROR_FAILED, "the input has more than %d bytes", PROMPT_MAX_BYTES);
    return n > 0;
}

static void cut_line_end(struct buffer *text)
{
    if (text->len && text->data[text->len - 1] == '\n')
        text->data[--text->len] = '\0';
    if (text->len && text->data[text->len - 1] == '\r')
        text->data[--text->len] = '\0';
}

static int check_text(const struct buffer *text, struct error *error)
{
    if (text->len == 0)
        return error_set(error, ERROR_USAGE, "the input is empty");
    if (strlen(text->data) != text->len)
        return error_set(error, ERROR_USAGE, "the input has a NUL character");
    return 0;
}

int prompt_stdin(struct buffer *text, struct cancel *cancel, struct error *error)
{
    int more;

    buffer_init(text, PROMPT_MAX_BYTES);
    while ((more = take_some(text, STDIN_FILENO, cancel, error)) > 0)
        ;
    if (more < 0)
        return -1;
    cut_line_end(text);
    return check_text(text, error);
}

static int take_line(struct buffer *line, int fd, struct cancel *cancel, struct error *error)
{
    int more;

    do
        more = take_some(line, fd, cancel, error);
    while (more > 0 && line->data[line->len - 1] != '\n');
    return more < 0 ? -1 : 0;
}

int prompt_line(struct buffer *line, const char *label, bool visible, struct cancel *cancel,
                struct error *error)
{
    cleanup_close int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios before, silent;
    int result;

    buffer_init(line, PROMPT_MAX_BYTES);
    if (fd < 0 || tcgetattr(fd, &before))
        return error_set(error, ERROR_USAGE, "there is no terminal to ask on");
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    if (!visible) /* before the label: whoever answers at once must not be flushed away */
        tcsetattr(fd, TCSAFLUSH, &silent);
    dprintf(fd, "%s: ", label);
    result = take_line(line, fd, cancel, error);
    if (!visible) {
        tcsetattr(fd, TCSAFLUSH, &before);
        dprintf(fd, "\n");
    }
    if (result)
        return -1;
    cut_line_end(line);
    return check_text(line, error);
}
