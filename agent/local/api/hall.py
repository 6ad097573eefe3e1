"""What every operation can reach."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from ..ledger import Ledger
from ..version import Version as LocalVersion
from . import records
from .dossier import Dossier
from .replies import missing
from .store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Hall:
    """The platform, as its operations see it.

    Attributes:
        store: what outlives a deployment.
        ledger: where what happened is written down.
        dossiers: by their deployments' ids.
        start: makes a deployment of a version.
        entrypoint: makes a container's command of a game's command.
        api_token: the organisation's.
        closing: set when the platform goes.
    """

    store: Store
    ledger: Ledger
    start: Callable[[LocalVersion], Awaitable[Dossier]]
    entrypoint: Callable[..., Sequence[str]]
    api_token: str = field(repr=False)
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    dossiers: dict[str, Dossier] = field(default_factory=dict)

    def dossier(self, name: str) -> Dossier:
        """Return a deployment's dossier.

        Raises:
            RefusedError: there is no such deployment.
        """
        if name not in self.dossiers:
            raise missing("Deployment", name)
        return self.dossiers[name]

    def app(self, name: str) -> records.App:
        """Return an app.

        Raises:
            RefusedError: there is no such app.
        """
        if app := self.store.apps.get(name):
            return app
        raise missing("App", name)

    def version(self, app: str, name: str) -> records.Version:
        """Return a version.

        Raises:
            RefusedError: there is no such version.
        """
        self.app(app)
        if version := self.store.versions.get(app, name):
            return version
        raise missing("Version", app, name)

    def storage(self, name: str) -> records.Storage:
        """Return an endpoint storage.

        Raises:
            RefusedError: there is no such storage.
        """
        if storage := self.store.storages.get(name):
            return storage
        raise missing("Endpoint storage", name)

    def profile(self, storage: str, name: str) -> records.Profile:
        """Return a pull profile.

        Raises:
            RefusedError: there is no such profile.
        """
        self.storage(storage)
        if profile := self.store.profiles.get(storage, name):
            return profile
        raise missing("Pull profile", storage, name)
