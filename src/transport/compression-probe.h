// SPDX-License-Identifier: Apache-2.0
/* Looks at the first bytes of a source without taking them away. */
#ifndef CKPTOCI_TRANSPORT_COMPRESSION_PROBE_H
#define CKPTOCI_TRANSPORT_COMPRESSION_PROBE_H

#include "stream/codec.h"
#include "stream/source.h"

/* *whole gives all the bytes of `inner`, which it owns. -1: the error of `inner`, which is freed.
 */
int compression_probe(struct source *inner, enum compression *found, struct source **whole,
                      struct error *error);

#endif
