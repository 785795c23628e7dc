// SPDX-License-Identifier: Apache-2.0
#include "registry/registries-toml.h"

#include <cstdio>
#include <cstring>
#include <exception>
#include <sstream>
#include <string_view>

#include <toml++/toml.h>

char *registries_toml_to_json(const char *text, size_t len, char *reason, size_t reason_size)
{
    /* No exception may leave: there is only C around us. */
    try {
        const toml::table table = toml::parse(std::string_view(text, len));
        std::ostringstream json;

        json << toml::json_formatter{table};
        return strdup(json.str().c_str());
    } catch (const toml::parse_error &error) {
        snprintf(reason, reason_size, "line %u: %s",
                 static_cast<unsigned>(error.source().begin.line), error.what());
    } catch (const std::exception &error) {
        snprintf(reason, reason_size, "%s", error.what());
    } catch (...) {
        snprintf(reason, reason_size, "unknown error");
    }
    return nullptr;
}
