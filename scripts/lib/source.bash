# shellcheck shell=bash
# What the scripts know about the source tree: which files are the project's, how to configure it,
# how to copy it. Sourced by scripts that have changed to the top of the tree; defines functions
# only. A git clone and an unpacked release work alike.

# Prints the project's own files under the given paths (default: all), one a line: those git tracks
# and new ones it does not ignore; where there is no git, all that is not the product of a build.
# shellcheck disable=SC2120 # the checks give arguments
source_files() {
    if [[ -e .git ]] && git ls-files -- configure.ac >/dev/null 2>&1; then
        git ls-files --cached --others --exclude-standard -- "${@:-.}"
    else
        find "${@:-.}" -type d \( -name .git -o -name .deps -o -name autom4te.cache -o -name build-aux \
            -o -name 'build-*' -o -name quickstart-image \) -prune -o -type f -print |
            sed 's|^\./||' |
            grep -Ev '~$|\.(o|a|log|trs)$|\.pb-c\.[ch]$|\.dirstamp$' |
            grep -Ev '^(ckptoci|tests/unit/test-[^.]*|tests/fuzz/fuzz-[^.]*)$' |
            grep -Ev '^(configure|config\.(h|h\.in|log|status)|aclocal\.m4|Makefile(\.in)?|stamp-h1)$'
    fi | sort -u | existing_files
}

# Drops from the list on standard input what git tracks but is deleted.
existing_files() {
    local file
    while IFS= read -r file; do
        if [[ -f $file ]]; then
            printf '%s\n' "$file"
        fi
    done
}

# Makes ./configure where it is missing or older than what it is made from.
ensure_configure() {
    if [[ ! -x configure || configure.ac -nt configure || Makefile.am -nt Makefile.in ]]; then
        autoreconf --force --install
    fi
}

# Copies the source and its configure script to directory $1, which is emptied first. Automake
# builds elsewhere only from a source tree that is not itself configured, and the user's may be.
# Times are kept, so that what was built from the last copy is still up to date.
copy_source() {
    ensure_configure
    rm -rf -- "$1"
    mkdir -p -- "$1"
    {
        source_files .
        printf '%s\n' configure config.h.in aclocal.m4 Makefile.in build-aux
    } | tar -cf - -T - | tar -C "$1" -xf -
}
