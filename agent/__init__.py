"""The in-container runtime agent for game servers on Edgegap."""

__version__ = "0.1.0"
