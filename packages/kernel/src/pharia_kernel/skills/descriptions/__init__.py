"""Where the description of a namespace comes from."""

from pharia_kernel.skills.descriptions.file import FileDescription
from pharia_kernel.skills.descriptions.http import HttpDescription, HttpDescriptionOptions
from pharia_kernel.skills.descriptions.source import DescriptionSource, GivenDescription

__all__ = ["DescriptionSource", "FileDescription", "GivenDescription", "HttpDescription", "HttpDescriptionOptions"]
