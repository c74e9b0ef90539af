"""Installing, updating, removing, enabling and disabling skill packages, each as one transaction."""

from luaskills.management.management import Management
from luaskills.management.planes import Action, Plane

__all__ = ["Action", "Management", "Plane"]
