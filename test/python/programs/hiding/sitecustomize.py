"""Hides packages from a Python that has them."""

import os
import sys

hidden = os.environ.get("PYTHON_HIDDEN_PACKAGES", "").split(",")


class Hiding:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.split(".")[0] in hidden:
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)


sys.meta_path.insert(0, Hiding)
