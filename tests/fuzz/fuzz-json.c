// SPDX-License-Identifier: Apache-2.0
/* One document of a checkpoint, behind a letter that says which: what we accept, Go must read to
 * the same values. */
#include "documents.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0)
        documents_compare(data[0] % DOCUMENT_KIND_COUNT, (const char *)data + 1, size - 1);
    return 0;
}
