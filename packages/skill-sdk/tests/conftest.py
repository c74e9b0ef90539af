"""Components built once for all tests, and a host to run them in: the wasmtime package's own value classes."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.util._once import Once
from wasmtime import Config, Engine, Store, WasiConfig
from wasmtime.component import Component, FuncType, Linker, ResourceHost, ResourceType, Variant

from doubles.csi_server import CsiServer
from pharia_skill.builder import build

OUTPUT_RESOURCE = 1
GUESTS = Path(__file__).with_name("guests")


def compiled(engine: Engine, path: Path) -> Component:
    """Machine code is kept beside the component as long as that does not change; one process makes it."""
    code = path.with_suffix(f".{version('wasmtime')}.cwasm")
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if code.is_file() and code.stat().st_mtime_ns > path.stat().st_mtime_ns:
            return Component.deserialize_file(engine, str(code))
        component = Component.from_file(engine, str(path))
        code.write_bytes(component.serialize())
        return component


class Host:
    """Runs one component, every call in a fresh instance. ``functions`` are called with the lifted arguments."""

    def __init__(self, engine: Engine, path: Path) -> None:
        self.engine = engine
        self.component = compiled(engine, path)
        self.functions: dict[str, Callable[..., Any]] = {}
        self.written: list[Any] = []

    @property
    def imports(self) -> set[str]:
        return {name for name in self.component.type.imports(self.engine) if name.startswith("pharia:")}

    @property
    def exports(self) -> set[str]:
        return {name for name in self.component.type.exports(self.engine) if name.startswith("pharia:")}

    def metadata(self) -> Any:
        return self._call("metadata")

    def run(self, input: bytes) -> Any:
        """Bytes, or the case and text of the skill's error."""
        return self._answer(self._call("run", input))

    def run_stream(self, input: bytes) -> Any:
        self.written.clear()
        return self._answer(self._call("run", input, ResourceHost.own(7, OUTPUT_RESOURCE)))

    def _answer(self, result: Any) -> Any:
        return (result.tag, result.payload) if isinstance(result, Variant) else result

    def _call(self, name: str, *arguments: Any) -> Any:
        store = Store(self.engine)
        store.set_wasi(WasiConfig())
        instance = self._linker().instantiate(store, self.component)
        (interface,) = self.exports
        outer = instance.get_export_index(store, interface)
        index = instance.get_export_index(store, name, outer)
        assert index is not None
        function = instance.get_func(store, index)
        assert function is not None
        return function(store, *arguments)

    def _linker(self) -> Linker:
        linker = Linker(self.engine)
        linker.add_wasip2()
        types = self.component.type.imports(self.engine)
        with linker.root() as root:
            for interface in self.imports:
                with root.add_instance(interface) as instance:
                    declared: Any = types[interface].ty
                    for number, (name, item) in enumerate(declared.exports(self.engine).items()):
                        kind = item.ty
                        if isinstance(kind, FuncType):
                            instance.add_func(name, self._function(name))
                        elif isinstance(kind, ResourceType):
                            identity = OUTPUT_RESOURCE if name == "stream-output" else 100 + number
                            instance.add_resource(name, ResourceType.host(identity), lambda store, handle: None)
        return linker

    def _function(self, name: str) -> Callable[..., Any]:
        def call(store: Any, *arguments: Any) -> Any:
            if name == "[method]stream-output.write":
                borrowed, item = arguments
                borrowed.drop(store)
                self.written.append(item)
                return None
            return self.functions[name](*arguments)

        return call


@pytest.fixture(scope="session")
def engine() -> Engine:
    config = Config()
    config.cranelift_opt_level = "none"
    return Engine(config)


@pytest.fixture(scope="session")
def components(pytestconfig: pytest.Config) -> Path:
    """Kept between runs, so that components are built again only when the SDK has changed."""
    assert pytestconfig.cache is not None
    return pytestconfig.cache.mkdir("pharia-skill-components")


@pytest.fixture(scope="session")
def built_probe(components: Path) -> Path:
    return build(GUESTS / "probe.py", components / "probe.wasm")


@pytest.fixture(scope="session")
def probe(engine: Engine, built_probe: Path) -> Host:
    return Host(engine, built_probe)


@pytest.fixture(scope="session")
def old_probe(engine: Engine, components: Path) -> Host:
    return Host(engine, build(GUESTS / "probe.py", components / "old_probe.wasm", wit="0.3"))


@pytest.fixture(scope="session")
def echo(engine: Engine, components: Path) -> Host:
    return Host(engine, build(GUESTS / "echo.py", components / "echo.wasm"))


@pytest.fixture
def scratch_module(tmp_path: Path) -> Callable[..., Path]:
    """Write a module of that text; gives its path."""

    def write(text: str, name: str = "made.py") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write


@pytest.fixture
def csi_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CsiServer]:
    """A kernel's HTTP side, which the environment points to."""
    monkeypatch.chdir(tmp_path)
    with CsiServer() as server:
        monkeypatch.setenv("PHARIA_KERNEL_ADDRESS", server.address)
        monkeypatch.setenv("PHARIA_AI_TOKEN", "a-secret-token")
        monkeypatch.delenv("AA_API_TOKEN", raising=False)
        yield server


@pytest.fixture
def fresh_tracing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process where nobody has set up OpenTelemetry."""
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER_SET_ONCE", Once())
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_TRACES_EXPORTER"):
        monkeypatch.delenv(name, raising=False)
