// SPDX-License-Identifier: Apache-2.0
#include "cli/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>

#include "base/memory.h"
#include "cli/shared-options.h"
#include "cli/view.h"
#include "registry/login.h"

enum { PROMPT_MAX_BYTES = 64 << 10 };

struct request {
    struct registry_options registry;
    const char *name; /* of the registry */
    const char *username;
    bool password_stdin;
    struct buffer entered_username;
    struct buffer password;
};

#define OPTION_OWNER struct request
static const struct option_spec options[] = {
    {KEPT_AUTHFILE_OPTION(registry.authfile)},
    {"cert-dir", 0, "DIRECTORY",
     "CAs (*.crt) and client certificates (*.cert, *.key), else certs.d is searched",
     OPTION_TEXT(registry.cert_dir)},
    {"password-stdin", 0, NULL, "take the password from standard input",
     OPTION_FLAG(password_stdin)},
    {TLS_VERIFY_OPTION(registry.tls_verify)},
    {"username", 'u', "NAME", "the user's name, else it is asked for", OPTION_TEXT(username)},
    {0},
};

static int prepare(void *context, const struct command_line *line, struct error *error)
{
    struct request *request = context;

    if (request->password_stdin && !request->username)
        return error_set(error, ERROR_USAGE, "--password-stdin needs --username, too");
    request->name = line->arguments[0];
    return login_check_registry(request->name, error);
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

/* All of standard input, without one line end at its end. */
static int prompt_stdin(struct buffer *text, struct cancel *cancel, struct error *error)
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

/* Shows the label on the terminal and takes a line from there, visible or not, without its end.
 * `line` must be fresh; what it holds is set in any case. -1: no terminal, no line, or too long. */
static int prompt_line(struct buffer *line, const char *label, bool visible, struct cancel *cancel,
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

static int take_password(struct request *request, struct cancel *cancel, struct error *error)
{
    int result;

    if (request->password_stdin)
        result = prompt_stdin(&request->password, cancel, error);
    else
        result = prompt_line(&request->password, "Password", false, cancel, error);
    if (result && error->kind != ERROR_INTERRUPTED) {
        error_context(error, "the password");
        return error_advice(error, "type it on a terminal, or give it with --password-stdin");
    }
    return result;
}

static int take_username(struct request *request, struct cancel *cancel, struct error *error)
{
    if (!request->username) {
        if (prompt_line(&request->entered_username, "Username", true, cancel, error)) {
            error_context(error, "the user name");
            return error->kind == ERROR_INTERRUPTED
                       ? -1
                       : error_advice(error, "give it with --username");
        }
        request->username = request->entered_username.data;
    }
    if (!*request->username || strchr(request->username, ':'))
        return error_set(error, ERROR_USAGE, "the user name is empty or has a \":\" in it");
    return 0;
}

static int run(void *context, struct cancel *cancel, struct error *error)
{
    struct request *request = context;
    cleanup_free char *where = NULL;

    if (take_username(request, cancel, error) || take_password(request, cancel, error) ||
        login_run(request->name, request->username, request->password.data, &request->registry,
                  cancel, &where, error))
        return -1;
    view_line("logged in to %s as %s; kept in %s", request->name, request->username, where);
    return 0;
}

/* What a user types may be secret: overwrites and releases. */
static void prompt_done(struct buffer *line)
{
    if (line->data)
        explicit_bzero(line->data, line->capacity);
    buffer_done(line);
}

static void done(void *context)
{
    struct request *request = context;

    prompt_done(&request->entered_username);
    prompt_done(&request->password);
}

static const struct request defaults = {.registry = REGISTRY_OPTIONS_INIT};

const struct command login_command = {
    .name = "login",
    .summary = "check and keep the credentials for a registry",
    .arguments = "[OPTIONS] REGISTRY",
    .details =
        "Shows a user name and a password to the registry and, if they are good, keeps them\n"
        "where ckptoci, podman, skopeo and buildah look for them.\n\n"
        "REGISTRY is HOST[:PORT], or HOST[:PORT]/NAMESPACE for credentials that are good\n"
        "for that part of it only.",
    .needs = "login needs one registry",
    .min_arguments = 1,
    .max_arguments = 1,
    .options = options,
    .request_size = sizeof(struct request),
    .defaults = &defaults,
    .prepare = prepare,
    .run = run,
    .done = done,
};
