"""The base class of settings."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer


class Section(BaseModel):
    """A section of ``params.yaml`` or of another file: frozen, and an unknown key is an error.

    Attributes:
        later: Fields that came after the first runs. What is dumped names them only where they differ from their default, so
            that settings hashes and recipes of other runs are what they were without them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    later: ClassVar[tuple[str, ...]] = ()

    @model_serializer(mode="wrap")
    def _without_later_defaults(self, rest: SerializerFunctionWrapHandler) -> dict[str, object]:
        fields: dict[str, object] = rest(self)
        for name in self.later:
            if getattr(self, name) == type(self).model_fields[name].default:
                fields.pop(name, None)
        return fields
