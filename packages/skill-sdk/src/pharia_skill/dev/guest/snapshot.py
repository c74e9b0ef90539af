"""What skills may import: in a component nothing can be loaded later, so all of it is imported while it is built."""

from __future__ import annotations

import importlib

from pharia_skill.snapshot import settle
from pharia_skill.wit_csi import WitCsi, rehearsal

from .wanted import WANTED

_BASE = """
    abc argparse array ast base64 binascii bisect calendar cmath codecs collections collections.abc colorsys
    concurrent.futures configparser contextlib contextvars copy csv dataclasses datetime decimal difflib email.message
    email.utils enum errno fnmatch fractions functools getpass glob graphlib hashlib heapq hmac html html.entities
    html.parser importlib.metadata importlib.resources inspect io ipaddress itertools json keyword linecache locale
    logging logging.config math mimetypes numbers operator os pathlib pickle platform posixpath pprint queue random re
    reprlib secrets shlex statistics string struct sys tempfile textwrap threading time timeit tokenize tomllib
    traceback types typing typing_extensions unicodedata unittest.mock urllib.parse uuid warnings weakref
    xml.etree.ElementTree zoneinfo _strptime
    encodings.ascii encodings.cp1252 encodings.idna encodings.latin_1 encodings.punycode encodings.utf_8_sig
    encodings.utf_16 encodings.utf_32
    annotated_types pydantic pydantic.alias_generators pydantic.dataclasses pydantic.fields
    pydantic.functional_serializers pydantic.functional_validators pydantic.json_schema pydantic.networks
    pydantic.root_model pydantic.type_adapter pydantic.types pydantic.validate_call_decorator
    pharia_skill pharia_skill.csi pharia_skill.csi.inference pharia_skill.message_stream pharia_skill.wit_csi
"""
BASE = tuple(_BASE.split())
"""The standard library as far as it works in a sandbox, some of what it loads late, pydantic and the SDK."""


def fill() -> dict[str, str]:
    """Import all of it; why a module can not be imported here, by its name."""
    absent: dict[str, str] = {}
    for name in (*BASE, *WANTED):
        try:
            importlib.import_module(name)
        except BaseException as error:  # whatever a library does when it finds no network, no threads, no files
            if name in WANTED:
                absent[name] = f"{type(error).__name__}: {error}"
    settle(WitCsi())
    # Every skill's handler would ask for it again, in every call.
    rehearsal.rehearse = lambda csi: None
    return absent
