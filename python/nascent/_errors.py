# SPDX-License-Identifier: Apache-2.0
"""What nascent raises: errors with the place, what stood there, what is allowed, and a code that stays the same."""


class Error(ValueError):
    """The base of all. `code` is such as "space.rank" (docs/errors.md lists them)."""

    code = ""
    where = ""
    found = ""
    allowed = ""


class SpaceError(Error):
    """Decisions, ranks or declarations that fit no space."""


class NetworkError(Error):
    """A network that cannot exist."""


class SearchError(Error):
    """Options or values of a search that make no sense."""


class StudyError(Error):
    """Files of studies, what they are of, and how they are gone on with."""


class ScalingError(Error):
    """Bases, targets or metrics by which nothing can be scaled."""


class ModuleError(Error):
    """A module that cannot be loaded or made."""


class DeclarationError(SpaceError):
    """A space whose declaration the compiler refuses; `text` is all that it printed."""

    text = ""
