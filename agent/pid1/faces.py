"""The sockets of the SDK faces, with what the game is told of them."""

from . import listeners

PORTS = {
    "agones": ("AGENT_AGONES_PORT", 9358),
    "agones_grpc": ("AGENT_AGONES_GRPC_PORT", 9357),
    "gsdk": ("AGENT_GSDK_PORT", 56001),
}
"""The setting and the SDKs' own default of each door."""

_DOORS = {"agones": ("agones", "agones_grpc"), "gsdk": ("gsdk",)}


class Faces:
    """What the faces that are switched on need before the game runs.

    Attributes:
        doors: their listening sockets by name.
        environ: variables that the game gets.
        notices: what did not work, one line each.
    """

    def __init__(self, wanted: tuple[str, ...], ports: dict[str, int], taken: set[int]) -> None:
        """Bind the sockets.

        Args:
            wanted: names of `core.faces.FACES`.
            ports: by door, 0 = any.
            taken: ports that must be left alone: the game's, our own.
        """
        self.doors: dict[str, listeners.Listeners] = {}
        self.environ: dict[str, str] = {}
        self.notices: list[str] = []
        self.folder = ""
        taken = set(taken)
        for face in wanted:
            for name in _DOORS[face]:
                setting, default = PORTS[name]
                door = listeners.Listeners(ports.get(name, default), "", taken, setting)
                taken.add(door.port)
                self.notices += door.notices
                self.doors[name] = door
        self._tell_agones()

    def introduce(self, environ: dict[str, str], boot: str) -> None:
        """Write what the PlayFab GSDK reads at its start, where that face is on.

        Args:
            environ: the variables that everybody may see.
            boot: this life's random name.
        """
        door = self.doors.get("gsdk")
        if door is None or not door.port:
            return
        from . import gsdk

        try:
            self.folder = gsdk.make_folder(boot)
            self.environ |= gsdk.write(self.folder, environ, door.port)
        except OSError as error:
            self.notices.append(
                f"cannot write gsdkConfig.json: {error.strerror}; mount a folder at /tmp that "
                "can be written"
            )

    def give_to(self, uid: int, gid: int) -> None:
        """Let the game's user write into the folders that it is told of."""
        if self.folder:
            from . import gsdk

            gsdk.give(self.folder, uid, gid)

    def discard(self) -> None:
        """Close all; take the written files away."""
        for door in self.doors.values():
            door.discard()
        if self.folder:
            from . import gsdk

            gsdk.remove(self.folder)

    def _tell_agones(self) -> None:
        for name, variable in (
            ("agones", "AGONES_SDK_HTTP_PORT"),
            ("agones_grpc", "AGONES_SDK_GRPC_PORT"),
        ):
            if name in self.doors and self.doors[name].port:
                self.environ[variable] = str(self.doors[name].port)
