// SPDX-License-Identifier: Apache-2.0
/* What image-spec, image-layout.md, fixes: the names in a layout and the text of the file that
 * marks one. */
#ifndef CKPTOCI_STORE_LAYOUT_FORMAT_H
#define CKPTOCI_STORE_LAYOUT_FORMAT_H

#define LAYOUT_INDEX_FILE "index.json"
#define LAYOUT_BLOBS "blobs/sha256"
#define LAYOUT_FILE "oci-layout"
#define LAYOUT_VERSION_KEY "imageLayoutVersion"
#define LAYOUT_VERSION "1.0.0"
#define LAYOUT_CONTENT "{\"" LAYOUT_VERSION_KEY "\":\"" LAYOUT_VERSION "\"}"

#endif
