#!/bin/sh
# What a script says to the agent; a call that was cut off may always be made again.
agent() {
  curl -fsS --retry 9 --retry-delay 1 --retry-all-errors -X "$1" "$AGENT_URL$2" -d "$3" >/dev/null
}

agent POST /v1/ready '{}'
agent PUT /v1/players '{"ids": ["ann", "bob"], "capacity": 16}'
until [ -e "$AGENT_STOP_FILE" ]; do sleep 0.2; done
echo "saving the world: $(cat "$AGENT_STOP_FILE")"
