// SPDX-License-Identifier: Apache-2.0
/* TOML, for which there is no C library, as JSON, for which there is one. Pure; C and C++. */
#ifndef CKPTOCI_REGISTRY_REGISTRIES_TOML_H
#define CKPTOCI_REGISTRY_REGISTRIES_TOML_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The document as a JSON object; free() it. NULL: it is not TOML, and `reason`, of reason_size
 * bytes, says where and why. */
char *registries_toml_to_json(const char *text, size_t len, char *reason, size_t reason_size);

#ifdef __cplusplus
}
#endif

#endif
