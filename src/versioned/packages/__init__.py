"""Packages: versions with assets in sets, promoted by the asset that passed. See `packages.py`."""

from versioned.packages.coordinates import Package, PackageFormat
from versioned.packages.packages import Packages
from versioned.packages.revision import Asset, AssetSet, PackageStatus, Revision

__all__ = ["Asset", "AssetSet", "Package", "PackageFormat", "PackageStatus", "Packages", "Revision"]
