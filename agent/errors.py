"""Every exception that we raise on purpose, by whose fault it is."""


class AgentError(Exception):
    """The root of them all."""


class SettingsError(AgentError):
    """The operator's fault: a setting cannot be used (exit status 78, EX_CONFIG)."""


class AskError(AgentError):
    """The game's fault: it cannot be asked in the way that was meant."""


class RequestError(AgentError):
    """The caller's fault: a request to the control API cannot be taken.

    Attributes:
        field: the part of the request that is wrong, or an empty string.
        fix: what the caller should send instead.
    """

    def __init__(self, detail: str, *, field: str = "", fix: str = "") -> None:
        super().__init__(detail)
        self.field = field
        self.fix = fix


class StateFullError(RequestError):
    """The caller's fault: what it wants remembered does not fit (413)."""


class PlatformError(AgentError):
    """The platform's fault, or the network's on the way to it."""


class LinkError(AgentError):
    """PID 1 cannot be talked to: we were not started by it, or it is gone."""


class UnreachableError(AgentError):
    """Nobody's fault yet: no agent answers the command line at its address."""
