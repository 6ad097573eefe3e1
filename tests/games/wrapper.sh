#!/bin/sh
# As a packaged server's start script: the server is a child, the shell stays beside it.
python3 "$(dirname "$0")/slowsaver.py" "$@"
exit $?
