"""Whom the game runs as."""

import posix
import pwd

from ..errors import SettingsError


class User:
    """A uid with its groups.

    Attributes:
        home: the home folder, or an empty string where the user database has none.
    """

    def __init__(self, uid: int, gid: int, groups: list[int], home: str = "") -> None:
        self.uid = uid
        self.gid = gid
        self.groups = groups
        self.home = home


def find(text: str) -> User:
    """Return the user of a name, a uid, or uid:gid; a uid needs no entry in the database.

    Raises:
        SettingsError: there is no such user or group.
    """
    who, colon, group = text.partition(":")
    entry = _entry(who)
    if entry is None and not who.isdecimal():
        raise SettingsError(
            f"cannot use AGENT_GAME_USER={text}: there is no user {who}; "
            "add it in the image (useradd), or write its number"
        )
    uid = int(who) if entry is None else entry.pw_uid
    if colon:
        gid = _gid(text, group)
        return User(uid, gid, [gid], "" if entry is None else entry.pw_dir)
    if entry is None:
        return User(uid, uid, [uid])
    return User(uid, entry.pw_gid, posix.getgrouplist(entry.pw_name, entry.pw_gid), entry.pw_dir)


def _entry(who: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(int(who)) if who.isdecimal() else pwd.getpwnam(who)
    except (KeyError, OverflowError):
        return None


def _gid(text: str, group: str) -> int:
    if group.isdecimal():
        return int(group)
    try:
        import grp

        return grp.getgrnam(group).gr_gid
    except (KeyError, ImportError):
        raise SettingsError(
            f"cannot use AGENT_GAME_USER={text}: there is no group {group}; "
            "add it in the image (groupadd), or write its number"
        ) from None
