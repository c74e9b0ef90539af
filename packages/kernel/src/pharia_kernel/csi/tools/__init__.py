"""Tools that skills may call: their sources, and all of them together."""

from pharia_kernel.csi.tools.native import TEST_NAMESPACE, NativeTools
from pharia_kernel.csi.tools.skills import CallableSkills, SkillTools
from pharia_kernel.csi.tools.source import ToolScope, ToolSource
from pharia_kernel.csi.tools.toolbox import Toolbox

__all__ = ["TEST_NAMESPACE", "CallableSkills", "NativeTools", "SkillTools", "ToolScope", "ToolSource", "Toolbox"]
