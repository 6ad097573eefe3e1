"""A folder that looks like /proc."""

from pathlib import Path


def proc_of(folder: Path, *, children: bool = True, fd: str = "folder") -> str:
    """Make a /proc in which process 7 has bound UDP 7777 with the inode 1678."""
    task = folder / "7" / "task" / "7"
    task.mkdir(parents=True)
    (folder / "7" / "net").mkdir()
    row = "0: 00000000:1E61 00000000:0000 07 0:0 0:0 0 0 0 1678 2 0 0"
    (folder / "7" / "net" / "udp").write_text(f"head\n{row}\n")
    if children:
        (task / "children").write_text("")
    if fd == "folder":
        (folder / "7" / "fd").mkdir()
        (folder / "7" / "fd" / "3").symlink_to("socket:[1]")
        (folder / "7" / "fd" / "4").symlink_to("/dev/null")
        (folder / "7" / "fd" / "5").symlink_to("socket:[1678]")
        (folder / "7" / "fd" / "6").symlink_to("socket:[1678]")
    elif fd == "unreadable":
        (folder / "7" / "fd").write_text("")
    return str(folder)
