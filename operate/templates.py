"""Expand the loops of the project's templates, for deploys with CloudFormation, for scanners and for tests.

`python -m operate.templates folder` writes all templates there for scanners, which do not expand loops.

SAM CLI expands loops too, but also resolves parameters by their defaults, so its result cannot be deployed.
"""

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from samcli.yamlhelper import (  # type: ignore[import-untyped]
    TIMESTAMP_TAG,
    intrinsics_multi_constructor,
    string_representer,
)

PROJECT: Final = Path(__file__).parents[1]
_INFRASTRUCTURE: Final = ("account", "database", "firewall", "monitoring")
FILES: Final = ("template.yaml", *(f"infrastructure/{name}.yaml" for name in _INFRASTRUCTURE))
LANGUAGE_EXTENSIONS: Final = "AWS::LanguageExtensions"
_LOOP: Final = "Fn::ForEach::"
_PLACEHOLDER: Final = re.compile(r"\$\{[^}]+\}")
Yaml = Any
"""Mappings, lists and scalars, with intrinsic functions in their long form."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc] # a class either way
    """Reads templates as `sam` does, but with libyaml where PyYAML has it: in a fifth of the time."""


_Loader.add_multi_constructor("!", intrinsics_multi_constructor)
_Loader.add_constructor(TIMESTAMP_TAG, _Loader.construct_yaml_str)


def read_template(file: Path) -> dict[str, Yaml]:
    """Return a template as it is written."""
    with file.open("rb") as stream:
        return dict(yaml.load(stream, Loader=_Loader))  # noqa: S506 - a safe loader


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc] # as above
    """Writes templates as `sam` does."""

    def ignore_aliases(self, _: object) -> bool:
        """Write equal parts in full, because CloudFormation takes no aliases."""
        return True


_Dumper.add_representer(str, string_representer)


def write_template(template: Mapping[str, Yaml], file: Path) -> None:
    """Write a template as YAML."""
    file.write_text(yaml.dump(dict(template), default_flow_style=False, Dumper=_Dumper))


def expand(template: Mapping[str, Yaml]) -> dict[str, Yaml]:
    """Return the template with each Fn::ForEach expanded and Fn::FindInMap resolved, without language extensions."""
    mappings = template.get("Mappings", {})
    expanded = dict(_expand(dict(template), {}, mappings))
    transforms = template.get("Transform", [])
    named = [one for one in ([transforms] if isinstance(transforms, str) else transforms) if one != LANGUAGE_EXTENSIONS]
    expanded.pop("Transform", None)
    expanded.pop("Mappings", None)
    return expanded | ({"Transform": named[0] if len(named) == 1 else named} if named else {})


def _expand(value: Yaml, variables: Mapping[str, str], mappings: Yaml) -> Yaml:
    if isinstance(value, str):
        return _fill(value, variables)
    if isinstance(value, list):
        return [_expand(item, variables, mappings) for item in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("Ref"), str) and value["Ref"] in variables:
        return variables[value["Ref"]]
    expanded: dict[str, Yaml] = {}
    for name, item in value.items():
        if name.startswith(_LOOP):
            expanded |= _loop(item, variables, mappings)
        else:
            expanded[_fill(name, variables)] = _expand(item, variables, mappings)
    return _simplify(expanded, mappings)


def _loop(loop: Yaml, variables: Mapping[str, str], mappings: Yaml) -> dict[str, Yaml]:
    name, values, body = loop
    made: dict[str, Yaml] = {}
    for value in values:
        made |= _expand(body, {**variables, name: value}, mappings)
    return made


def _simplify(value: dict[str, Yaml], mappings: Yaml) -> Yaml:
    """Return the result of a function whose arguments are known; other functions stay as they are."""
    match value:
        case {"Fn::FindInMap": [str(name), str(key), str(field)]}:
            return mappings[name][key][field]
        case {"Fn::Sub": [str(text), dict(names)]}:
            known = {name: said for name, said in names.items() if isinstance(said, str)}
            unknown = {name: said for name, said in names.items() if name not in known}
            filled = _fill(text, known)
            return {"Fn::Sub": [filled, unknown]} if unknown else _simplify({"Fn::Sub": filled}, mappings)
        case {"Fn::Sub": str(text)} if not _PLACEHOLDER.search(text):
            return text
        case _:
            return value


def _fill(text: str, variables: Mapping[str, str]) -> str:
    for name, value in variables.items():
        text = text.replace(f"${{{name}}}", value)
    return text


def main(folder: Path) -> None:
    """Write all templates, expanded, into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        write_template(expand(read_template(PROJECT / name)), folder / Path(name).name)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
