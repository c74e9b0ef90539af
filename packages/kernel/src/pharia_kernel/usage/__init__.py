"""What callers and namespaces have used."""

from pharia_kernel.usage.amounts import DIMENSIONS, Amounts, Dimension, Key, Row
from pharia_kernel.usage.book import UsageBook
from pharia_kernel.usage.noted import noted
from pharia_kernel.usage.report import UsageQuery, UsageReport, UsageRow, report

__all__ = [
    "DIMENSIONS",
    "Amounts",
    "Dimension",
    "Key",
    "Row",
    "UsageBook",
    "UsageQuery",
    "UsageReport",
    "UsageRow",
    "noted",
    "report",
]
