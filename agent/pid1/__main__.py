"""The script that a container starts: the rest is loaded as bytecode."""

import sys

# With -I the script's folder is not on the path, and a script is compiled at every start.
sys.path.insert(0, __file__.rpartition("/agent/")[0] or "/")

from agent.pid1 import start

start.main()
