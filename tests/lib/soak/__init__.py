# SPDX-License-Identifier: Apache-2.0
"""The trials of scripts/soak."""
