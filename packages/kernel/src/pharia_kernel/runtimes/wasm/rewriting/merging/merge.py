"""Makes one core module of several that are instantiated together: what one uses of another is in place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sized

from pharia_kernel.runtimes.wasm.binary import MODULE_HEADER, name, number, section, sized
from pharia_kernel.runtimes.wasm.rewriting.core_module import (
    END,
    FUNCTION,
    GLOBAL,
    GLOBAL_GET,
    MEMORY,
    REF_FUNC,
    SORTS,
    TABLE,
    CoreModule,
    Data,
    Elements,
    Expression,
    Import,
)
from pharia_kernel.runtimes.wasm.rewriting.errors import NotRewritable
from pharia_kernel.runtimes.wasm.rewriting.merging.code import Numbers, Rewriter
from pharia_kernel.runtimes.wasm.rewriting.wiring import Export, Origin

_MUTABLE = 1


def exported_name(export: Export) -> str:
    """What the merged module calls it."""
    return f"{export.instance}:{export.name}"


class Merge:
    """Of ``modules``, named by the instances made of them, in the order in which they are made."""

    def __init__(self, modules: Mapping[int, CoreModule], origin: Callable[[int, Import], Origin]) -> None:
        """Raises :class:`NotRewritable`, and ``LookupError`` where a number or name means nothing; all methods do."""
        self._modules = modules
        self._origin = origin
        self._types: dict[bytes, int] = {}
        self._imports: dict[tuple[int, Origin], int] = {}
        """Number among those of its sort."""
        self._import_entries: list[bytes] = []
        self._counts = [0 for _ in SORTS]
        self._segments = [0, 0]
        self._constants: dict[int, bytes] = {}
        """First values of globals that never change."""
        self._numbers: dict[int, Numbers] = {}
        for instance, module in modules.items():
            self._import_what_is_outside(instance, module)
        for instance, module in modules.items():
            self._numbers[instance] = self._renumbered(instance, module)
        if self._counts[MEMORY] > 1:
            raise NotRewritable("there are several memories")

    @property
    def imports(self) -> Iterable[tuple[int, Origin]]:
        """Sort and origin; each is imported from ``""`` and named by its place here."""
        return self._imports

    def module(self, exports: Iterable[Export]) -> bytes:
        """The whole module; what it ``exports`` has the name of :func:`exported_name`."""
        pairs = [(module, self._numbers[instance]) for instance, module in self._modules.items()]
        functions = [number(numbers.types[each]) for module, numbers in pairs for each in module.functions]
        globals_ = [entry for module, numbers in pairs for entry in self._globals(module, numbers)]
        elements = [self._elements(each, numbers) for module, numbers in pairs for each in module.elements]
        data = [self._data(each, numbers) for module, numbers in pairs for each in module.data]
        code = [sized(body) for module, numbers in pairs for body in Rewriter(numbers).bodies(module.code)]
        start = [number(numbers.functions[module.start]) for module, numbers in pairs if module.start is not None]
        parts = (
            MODULE_HEADER,
            section(1, self._types),
            section(2, self._import_entries),
            section(3, functions),
            section(4, [each for module in self._modules.values() for each in module.tables]),
            section(5, [each for module in self._modules.values() for each in module.memories]),
            section(6, globals_),
            section(7, [name(exported_name(each)) + self._place(each) for each in exports]),
            *(b"\x08" + sized(each) for each in start),
            section(9, elements),
            b"\x0c" + sized(number(len(data))) if any(module.counts_data for module, _ in pairs) else b"",
            section(10, code),
            section(11, data),
        )
        return b"".join(parts)

    def _import_what_is_outside(self, instance: int, module: CoreModule) -> None:
        for each in module.imports:
            origin = self._origin(instance, each)
            if (isinstance(origin, Export) and origin.instance in self._modules) or (
                each.sort,
                origin,
            ) in self._imports:
                continue
            kind = number(self._type(module.types[each.index])) if each.sort == FUNCTION else each.type
            self._import_entries.append(name("") + name(str(len(self._imports))) + bytes([each.sort]) + kind)
            self._imports[each.sort, origin] = self._next(each.sort)

    def _type(self, text: bytes) -> int:
        return self._types.setdefault(text, len(self._types))

    def _next(self, sort: int) -> int:
        self._counts[sort] += 1
        return self._counts[sort] - 1

    def _renumbered(self, instance: int, module: CoreModule) -> Numbers:
        items: list[list[int]] = [[] for _ in SORTS]
        for each in module.imports:
            origin = self._origin(instance, each)
            if isinstance(origin, Export) and origin.instance in self._modules:
                sort, new = self._exported(origin)
                if sort != each.sort:
                    raise NotRewritable(f"{each.module} {each.name} is of another sort than it is imported as")
            else:
                new = self._imports[each.sort, origin]
            items[each.sort].append(new)
        for sort, own in zip(SORTS, map(len, _defined(module)), strict=True):
            items[sort] += [self._next(sort) for _ in range(own)]
        first_elements, first_data = self._segments
        self._segments = [first_elements + len(module.elements), first_data + len(module.data)]
        return Numbers(
            types=[self._type(each) for each in module.types],
            functions=items[FUNCTION],
            tables=items[TABLE],
            memories=items[MEMORY],
            globals=items[GLOBAL],
            elements=range(first_elements, self._segments[0]),
            data=range(first_data, self._segments[1]),
        )

    def _exported(self, export: Export) -> tuple[int, int]:
        """Sort and new number; its module is numbered before the ones that import from it."""
        sort, old = self._modules[export.instance].exports[export.name]
        numbers = self._numbers[export.instance]
        return sort, (numbers.functions, numbers.tables, numbers.memories, numbers.globals)[sort][old]

    def _place(self, export: Export) -> bytes:
        sort, new = self._exported(export)
        return bytes([sort]) + number(new)

    def _globals(self, module: CoreModule, numbers: Numbers) -> list[bytes]:
        own = numbers.globals[len(numbers.globals) - len(module.globals) :]
        entries = []
        for new, each in zip(own, module.globals, strict=True):
            first = self._expression(each.first, numbers)
            if not each.type[1] & _MUTABLE:
                self._constants[new] = first
            entries.append(each.type + first)
        return entries

    def _expression(self, expression: Expression, numbers: Numbers) -> bytes:
        argument = expression.argument
        if expression.instruction == GLOBAL_GET:
            new = numbers.globals[expression.number]
            if new in self._constants:
                return self._constants[new]
            argument = number(new)
        elif expression.instruction == REF_FUNC:
            argument = number(numbers.functions[expression.number])
        return bytes([expression.instruction]) + argument + bytes([END])

    def _elements(self, elements: Elements, numbers: Numbers) -> bytes:
        functions = [number(numbers.functions[each]) for each in elements.functions]
        entries = number(len(functions)) + b"".join(functions)
        if elements.offset is None:
            return bytes([elements.flags, 0]) + entries
        offset = self._expression(elements.offset, numbers)
        if table := numbers.tables[elements.table]:
            return b"\x02" + number(table) + offset + b"\x00" + entries
        return b"\x00" + offset + entries

    def _data(self, data: Data, numbers: Numbers) -> bytes:
        if data.offset is None:
            return b"\x01" + data.content
        return b"\x00" + self._expression(data.offset, numbers) + data.content


def _defined(module: CoreModule) -> tuple[Sized, ...]:
    """Its own items, by sort."""
    return module.functions, module.tables, module.memories, module.globals
