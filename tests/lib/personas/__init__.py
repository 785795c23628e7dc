# SPDX-License-Identifier: Apache-2.0
"""An OCI registry in memory that behaves as one of many and fails where it is told to.

store    what a registry holds: blobs, manifests, tags, open uploads
faults   where an exchange is to go wrong, and the journal of what went on
server   HTTP: bodies, answers, and the faults in them
spec     the distribution specification, request by request
vendors  one class for each registry that does something else
faulty   one class for each that no vendor has
"""
