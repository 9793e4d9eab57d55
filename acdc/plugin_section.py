"""Sections of ``params.yaml`` in which one field names a plugin: ``crossover: {kind: mine, options: {alpha: 0.3}}``.

Built-in plugins read the fields of the section itself. A plugin of another package has settings of its own under ``options``; they
are checked by its model, and its identity is kept in ``plugin``. Both are written to settings hashes and recipes only where
they are used.
"""

from typing import Any, ClassVar, Self

from pydantic import Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from acdc.errors import InputError
from acdc.parsing.section import Section
from acdc.parsing.validation import nearest
from acdc.registry import Entry, Registry


def _is_empty(value: object) -> bool:
    return not value


class PluginSection(Section):
    """A section whose field `named_by` names an entry of `registry`.

    Attributes:
        options: Settings of a plugin of another package; whole, with its defaults, once they are checked.
        plugin: Package and version of that plugin. It need not be given; where it is, no other version is taken.
    """

    registry: ClassVar[Registry[Any]]
    named_by: ClassVar[str] = "kind"

    options: dict[str, Any] = Field({}, exclude_if=_is_empty)
    plugin: str | None = Field(None, exclude_if=_is_empty)

    @model_validator(mode="after")
    def _of_plugin(self) -> Self:
        name = self._name()
        if name == type(self).model_fields[self.named_by].default and not self.options:
            return self  # the usual case, without a look at what is installed
        try:
            entry = self.registry.entry(name)
            identity = entry.identity
        except InputError as error:
            if self.plugin is not None:
                return self  # a finished run or a recipe: readable without the plugin, which `resolved` will miss
            raise self._faults([((self.named_by,), "unknown_name", str(error), name)]) from None
        if identity is None:
            self._require_no_options()
        elif self.plugin in (None, identity):
            object.__setattr__(self, "options", self._checked(entry))
            object.__setattr__(self, "plugin", identity)
        return self

    def resolved(self) -> tuple[Any, Any]:
        """The plugin, and its settings: its own, or this section where it has none or is built in.

        Raises:
            InputError: The plugin is not there, not loadable, or of another version than `plugin` says.
        """
        found = self.registry.get(self._name(), self.plugin)
        if self.plugin is None or found.settings is None:
            return found, self
        return found, found.settings.model_validate(self.options)

    def _name(self) -> str:
        return str(getattr(self, self.named_by))

    def _require_no_options(self) -> None:
        if self.options:
            raise ValueError(
                f"{self.named_by} {self._name()} takes no options; valid: "
                + ", ".join(sorted({*type(self).model_fields} - {"options", "plugin", self.named_by}))
            )

    def _checked(self, entry: Entry) -> dict[str, object]:
        """The options with their defaults, as plain values."""
        try:
            model = entry.load().settings
        except InputError as error:
            raise self._faults([((self.named_by,), "not_loaded", str(error), entry.name)]) from None
        if model is None:
            self._require_no_options()
            return {}
        try:
            return model.model_validate(self.options).model_dump(mode="json")
        except ValidationError as error:
            found = []
            for fault in error.errors():
                kind, said = fault["type"], fault["msg"].removeprefix("Value error, ")
                if kind == "extra_forbidden":
                    kind, said = (
                        "unknown_option",
                        f"unknown key; {nearest(str(fault['loc'][-1]), model.model_fields)}",
                    )
                elif kind == "missing":  # another layer may give it
                    kind, said = "value_error", "required, but not there"
                found.append((("options", *fault["loc"]), kind, said, fault["input"]))
            raise self._faults(found) from None

    def _faults(self, faults: list[tuple[tuple[int | str, ...], str, str, Any]]) -> ValidationError:
        """An error whose places (first) are named within this section."""
        lines = [
            InitErrorDetails(
                type=PydanticCustomError(kind, "{said}", {"said": said}),
                loc=place,
                input=value,
            )
            for place, kind, said, value in faults
        ]
        return ValidationError.from_exception_data(type(self).__name__, lines)
