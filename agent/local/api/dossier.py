"""All that the API knows about one deployment."""

from collections.abc import Iterable

from msgspec import Struct

from ..deployment import Deployment
from ..ledger import ContainerExited, ContainerStarted, Record
from .deploymentstatus import DeploymentStatus, describe
from .logbook import Log, LogBook
from .records import Tag
from .replies import stamp
from .usage import Usage


class Finished(Struct, kw_only=True):
    """What is kept of a deployment that is over."""

    status: DeploymentStatus
    log: Log
    logs_link: str | None


class Dossier:
    """A deployment's.

    Attributes:
        tags: by their names.
        log: what it has written.
        usage: what it has used.
        storage: where its log goes at its end; empty for nowhere.
        webhook: what is called when it is ready; empty for nothing.
        logs_link: where it has gone.
        is_settled: whether its log is where it goes, itself in the store.
        is_joinable: what the owner said of that last.
        deployment: None for one of an earlier run of the platform.
    """

    def __init__(self, deployment: Deployment | None, past: Finished | None = None) -> None:
        self.deployment = deployment
        self._past = past
        self.log = LogBook(past.log.lines, past.log.crash) if past else LogBook()
        self.logs_link = past.logs_link if past else None
        self.usage = Usage()
        self.storage = ""
        self.webhook = ""
        self.is_settled = past is not None
        self.is_joinable = False
        self.tags: dict[str, Tag] = {}
        names = deployment.version.tags if deployment else past.status.tags if past else ()
        self.add_tags(names)

    @property
    def id(self) -> str:
        """The deployment's id."""
        return self.status().request_id

    @property
    def is_over(self) -> bool:
        """Whether its end has come."""
        return self.deployment is None or self.deployment.over

    def add_tags(self, names: Iterable[str]) -> None:
        """Put tags on it, as of now."""
        for name in names:
            self.tags[name] = Tag(name=name, create_time=stamp(), last_updated=stamp())

    @property
    def created(self) -> str:
        """When it was ordered."""
        if self.deployment:
            return stamp(self.deployment.life.began)
        return self.status().start_time

    def status(self) -> DeploymentStatus:
        """Return where it stands."""
        if self.deployment:
            return describe(self.deployment, list(self.tags))
        assert self._past  # noqa: S101 - for the type checker: it is one or the other
        self._past.status.tags = list(self.tags)
        return self._past.status

    def notice(self, record: Record) -> None:
        """Take down what concerns the container's runs."""
        match record:
            case ContainerStarted():
                self.usage.pid = record.pid
                self.usage.take()
            case ContainerExited() if self.deployment:
                self.usage.pid = None
                self.log.end_run(record.exit_status, self.deployment.life.restarts)
            case _:
                pass

    def kept(self) -> Finished:
        """Return what outlives the platform."""
        return Finished(status=self.status(), log=self.log.kept(), logs_link=self.logs_link)
