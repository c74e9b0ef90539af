"""The Csi of a running component: every type to and from the interface the component was built for."""

from pharia_skill.wit_csi.csi import WitCsi

__all__ = ["WitCsi"]
