#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What makes a fault worth less to an attacker: how the program is built, and what it gives up.
bats_require_minimum_version 1.5.0

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    [[ $HARDENED == yes ]] || skip "built without hardening"
    archive=$TEST_DATA/crio-1.36-counter.tar
}

# traced ARGUMENT...: runs the program; ./calls has its system calls that give up rights
traced() {
    strace -f -qq -o calls -e trace=prctl,landlock_restrict_self,execve,openat \
        "$CKPTOCI" "$@"
}

needs_landlock() {
    traced --version
    strace -f -qq -o probe -e trace=landlock_create_ruleset "$CKPTOCI" convert -q "$archive" oci:probed
    grep -q 'landlock_create_ruleset(NULL, 0, .*) = [1-9]' probe || skip "no Landlock here"
}

@test "the program is position-independent" {
    readelf --wide --file-header "$CKPTOCI" | grep -E 'Type: +DYN'
    readelf --wide --dynamic "$CKPTOCI" | grep -E 'FLAGS_1.*PIE'
}

@test "nothing that the loader has resolved stays writable" {
    readelf --wide --program-headers "$CKPTOCI" | grep GNU_RELRO
    readelf --wide --dynamic "$CKPTOCI" | grep -E 'BIND_NOW|FLAGS_1.*NOW'
}

@test "stack and data are not executable" {
    readelf --wide --program-headers "$CKPTOCI" | grep -E 'GNU_STACK .* RW +0x'
    run readelf --wide --program-headers "$CKPTOCI"
    [[ ! $output =~ RWE ]]
}

@test "buffers on the stack and calls that fill them are guarded" {
    readelf --wide --dyn-syms "$CKPTOCI" >symbols
    grep __stack_chk_fail symbols
    grep -E '__(snprintf|vsnprintf|fprintf|memcpy|strcpy)_chk' symbols
}

@test "no program that it starts gains privileges" {
    traced --version
    grep -E 'prctl\(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0\) += 0' calls
}

@test "rights are given up before the archive is read" {
    needs_landlock
    traced convert -q "$archive" oci:image:1 oci-archive:image.tar
    # The limit on writing, then the reader, a worker, the walk and the metadata, each for itself.
    [ "$(grep -cE 'landlock_restrict_self\(.*= 0' calls)" -ge 5 ] ||
        [ "$(grep -c 'landlock_restrict_self' calls)" -ge 5 ]
}

@test "every kind of destination works with what is kept" {
    needs_landlock
    mkdir deep deep/er
    ln -s deep link
    for destination in oci:new:1 oci:new:2 oci:deep/er:1 oci:./deep/er/..//er:2 \
        oci-archive:image.tar oci-archive:deep/image.tar oci-archive:"$PWD/link/other.tar"; do
        "$CKPTOCI" convert -q --digestfile "digest of it" "$archive" "$destination"
        grep -qE '^sha256:[0-9a-f]{64}$' "digest of it"
        rm "digest of it"
    done
    "$CKPTOCI" convert -q --digestfile /dev/stdout "$archive" oci:new:3 | grep -E '^sha256:'
    "$CKPTOCI" convert -q --digestfile /dev/stdout "$archive" oci:new:4 >both
    "$CKPTOCI" pull -q oci:new:1 deep/er/back.tar
    cmp "$archive" deep/er/back.tar
    "$CKPTOCI" pull -q oci:new:1 - | cmp - "$archive"
}

@test "a new directory is taken back where nothing comes of it" {
    needs_landlock
    head -c 100000 "$archive" >cut.tar
    mkdir below
    run "$CKPTOCI" convert -q cut.tar oci:below/image:1
    [ "$status" -eq 3 ]
    [ ! -e below/image ]
}
