"""The tree of errors that `errors.py` draws is the tree that there is."""

import importlib
import pkgutil
import re

import autopulse
from autopulse import errors
from autopulse.errors import AutoPulseError


def _all_below(error: type[AutoPulseError]) -> list[type[AutoPulseError]]:
    return [error, *(one for below in error.__subclasses__() for one in _all_below(below))]


def test_every_error_of_ours_is_in_the_tree_and_where_it_is_drawn() -> None:
    for module in pkgutil.walk_packages(autopulse.__path__, "autopulse."):
        if not module.name.startswith("autopulse.db.migrations."):
            importlib.import_module(module.name)
    ours = [error for error in _all_below(AutoPulseError) if error.__module__.startswith("autopulse.")]
    assert {error.__module__ for error in ours} == {"autopulse.errors"}
    drawn = re.findall(r"^    ([│ ]*[├└]── )?(\w+)", errors.__doc__ or "", re.MULTILINE)
    assert [name for _, name in drawn] == [error.__name__ for error in ours]
    depths = {name: len(branch) // 4 for branch, name in drawn}
    assert depths == {error.__name__: error.__mro__.index(AutoPulseError) for error in ours}
