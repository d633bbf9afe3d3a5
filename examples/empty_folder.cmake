# SPDX-License-Identifier: Apache-2.0
# Makes FOLDER, or empties it.
file(REMOVE_RECURSE "${FOLDER}")
file(MAKE_DIRECTORY "${FOLDER}")
