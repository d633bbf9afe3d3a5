# SPDX-License-Identifier: Apache-2.0
"""A study on many workers: the driver, the engines that carry evaluations, and what runs at the workers."""
