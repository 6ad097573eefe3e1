"""One way of searching for counterexamples: the same on every machine, however slow."""

from hypothesis import settings

settings.register_profile("arbitrium", derandomize=True, deadline=None)
settings.load_profile("arbitrium")
