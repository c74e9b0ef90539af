"""What a skill may ask for: the interface and its types."""

from pharia_skill.csi import document_index, inference, search_filter
from pharia_skill.csi.chunking import Chunk, ChunkParams, ChunkRequest
from pharia_skill.csi.csi import Csi
from pharia_skill.csi.document_index import *  # noqa: F403  # its __all__ is the list
from pharia_skill.csi.inference import *  # noqa: F403  # its __all__ is the list
from pharia_skill.csi.language import Language, SelectLanguageRequest
from pharia_skill.csi.search_filter import *  # noqa: F403  # its __all__ is the list

__all__ = ["Chunk", "ChunkParams", "ChunkRequest", "Csi", "Language", "SelectLanguageRequest"]
__all__ += document_index.__all__
__all__ += inference.__all__
__all__ += search_filter.__all__
