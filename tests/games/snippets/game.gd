# What a Godot 3 game server says to the agent: godot3-server -s game.gd
extends SceneTree

func _initialize():
	yield(call_agent(HTTPClient.METHOD_POST, "/v1/ready", {}), "completed")
	# At each join, each leave:
	var players = {"ids": ["ann", "bob"], "capacity": 16}
	yield(call_agent(HTTPClient.METHOD_PUT, "/v1/players", players), "completed")

# Call the agent; a call that was cut off may always be made again.
func call_agent(method, path, body):
	var http = HTTPRequest.new()
	root.add_child(http)
	var code = 0
	while code == 0:
		http.request(OS.get_environment("AGENT_URL") + path, [], false, method, to_json(body))
		var answer = yield(http, "request_completed")
		code = answer[1]
		if code >= 400:
			printerr(answer[3].get_string_from_utf8())  # it names the field and the fix
	http.queue_free()

# Godot does not hear SIGTERM; look here in each frame whether the server has to go.
func _idle(_delta):
	if File.new().file_exists(OS.get_environment("AGENT_STOP_FILE")):
		print("saving the world")
		quit()
