"""What a game made with PlayFab's GSDK reads before it calls anybody."""

import json
import posix

# The SDKs read one spelling of the address or the other: C++, C# and PlayFab's own local agent
# have the typing error in it.
_ADDRESSES = ("publicIpV4Address", "publicIpV4Adress")
_PLACES = ("/var/tmp", "/tmp", "/dev/shm")  # noqa: S108 - a folder of our own inside
_FOLDERS = {
    "logFolder": "logs",
    "sharedContentFolder": "shared",
    "certificateFolder": "certificates",
}
_DUMPS = "dumps"
_CONFIG = "gsdkConfig.json"


def make_folder(boot: str) -> str:
    """Make the folder that everything lies in; return its path.

    Raises:
        OSError: no place takes it.
    """
    places = (posix.environ.get(b"TMPDIR", b"").decode("utf-8", "surrogateescape"), *_PLACES)
    refusal = OSError(2, "no place for it")
    for place in places:
        if not place.startswith("/"):
            continue
        folder = f"{place}/arbitrium-gsdk-{boot}"
        try:
            posix.mkdir(folder, 0o755)  # the game may be of another uid
        except OSError as error:
            refusal = error
            continue
        return folder
    raise refusal


def write(folder: str, environ: dict[str, str], port: int) -> dict[str, str]:
    """Write the configuration and its folders; return the variables that lead to them.

    Args:
        folder: where.
        environ: the variables that everybody may see; no secret is among them.
        port: of the heartbeat server on loopback.

    Raises:
        OSError: it cannot be written.
    """
    folders = {key: f"{folder}/{name}" for key, name in _FOLDERS.items()}
    for path in (*folders.values(), f"{folder}/{_DUMPS}"):
        posix.mkdir(path, 0o755)
    path = f"{folder}/{_CONFIG}"
    config = _config(environ, port, folders)
    fd = posix.open(path, posix.O_WRONLY | posix.O_CREAT | posix.O_EXCL | posix.O_CLOEXEC, 0o644)
    try:
        left = json.dumps(config, indent=1).encode()
        while left:
            left = left[posix.write(fd, left) :]
    finally:
        posix.close(fd)
    endpoint, host = config["heartbeatEndpoint"], config["sessionHostId"]
    address = config["publicIpV4Address"]
    return {
        "GSDK_CONFIG_FILE": path,
        "PF_TITLE_ID": "edgegap",
        "PF_BUILD_ID": str(config["sessionHostId"]),
        "PF_REGION": _region(environ),
        "PF_VM_ID": str(config["vmId"]),
        "PF_SERVER_LOG_DIRECTORY": folders["logFolder"],
        "PF_SERVER_DUMP_DIRECTORY": f"{folder}/{_DUMPS}",
        "PF_SERVER_INSTANCE_NUMBER": "0",
        "PF_SHARED_CONTENT_FOLDER": folders["sharedContentFolder"],
        "PF_PUBLIC_IPV4_ADDRESS": str(address),
        "PF_FQDN": str(config["fullyQualifiedDomainName"]),
        "CERTIFICATE_FOLDER": folders["certificateFolder"],
        # C++ and Unreal read these where they find no file.
        "HEARTBEAT_ENDPOINT": str(endpoint),
        "SESSION_HOST_ID": str(host),
        "GSDK_LOG_FOLDER": folders["logFolder"],
        "SHARED_CONTENT_FOLDER": folders["sharedContentFolder"],
    }


def give(folder: str, uid: int, gid: int) -> None:
    """Let another user write there."""
    for path in (folder, *(f"{folder}/{name}" for name in (*_FOLDERS.values(), _DUMPS))):
        posix.chown(path, uid, gid)


def remove(folder: str) -> None:
    """Take the folder away with what we put there; what the game wrote in addition stays."""
    try:
        posix.unlink(f"{folder}/{_CONFIG}")
        for name in (*_FOLDERS.values(), _DUMPS):
            posix.rmdir(f"{folder}/{name}")
        posix.rmdir(folder)
    except OSError:
        pass


def _config(environ: dict[str, str], port: int, folders: dict[str, str]) -> dict[str, object]:
    host = environ.get("ARBITRIUM_REQUEST_ID") or "local"
    address = environ.get("ARBITRIUM_PUBLIC_IP") or "127.0.0.1"
    fqdn = f"{host}.pr.edgegap.net" if host != "local" else "localhost"
    ports = _ports(environ)
    return {
        "heartbeatEndpoint": f"127.0.0.1:{port}",  # no scheme: the SDKs add it
        "sessionHostId": host,
        "vmId": environ.get("ARBITRIUM_HOST_ID") or host,
        **folders,
        # The C#, the Unity and the Java SDK iterate these three: never null.
        "gameCertificates": {},
        "buildMetadata": _metadata(environ),
        "gamePorts": {port["name"]: str(port["serverListeningPort"]) for port in ports},
        "publicIpV4Address": address,
        "fullyQualifiedDomainName": fqdn,
        "serverInstanceNumber": "0",
        "gameServerConnectionInfo": {
            **dict.fromkeys(_ADDRESSES, address),
            "gamePortsConfiguration": ports,
        },
    }


def _ports(environ: dict[str, str]) -> list[dict[str, object]]:
    told = _json(environ, "ARBITRIUM_PORTS_MAPPING")
    inner = told.get("ports", told)
    found: list[dict[str, object]] = []
    for key, port in inner.items() if isinstance(inner, dict) else ():
        if not isinstance(port, dict):
            continue
        internal, external = _number(port.get("internal")), _number(port.get("external"))
        if internal:
            found.append(
                {
                    "name": str(port.get("name") or key),
                    "serverListeningPort": internal,
                    "clientConnectionPort": external or internal,
                }
            )
    return found


def _metadata(environ: dict[str, str]) -> dict[str, str]:
    named = {
        "deploymentId": "ARBITRIUM_REQUEST_ID",
        "tags": "ARBITRIUM_DEPLOYMENT_TAGS",
        "matchId": "MM_MATCH_ID",
        "matchProfile": "MM_MATCH_PROFILE",
    }
    return {key: environ[name] for key, name in named.items() if environ.get(name)}


def _region(environ: dict[str, str]) -> str:
    place = _json(environ, "ARBITRIUM_DEPLOYMENT_LOCATION")
    return str(place.get("city") or "local")


def _json(environ: dict[str, str], name: str) -> dict[str, object]:
    """Return the object in a variable; a broken one is told by the agent, here it is empty."""
    try:
        told = json.loads(environ.get(name) or "{}")
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _number(value: object) -> int:
    """Return a port's number, however it is spelt; 0 = it is none."""
    text = str(value)
    return int(text) if text.isdecimal() and int(text) < 65_536 else 0  # noqa: PLR2004 - ports
