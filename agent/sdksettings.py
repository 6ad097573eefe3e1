"""The settings of the faces that other platforms' SDKs call."""

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings

from . import kinds
from .core import faces
from .kinds import word


class SdkSettings(BaseSettings):
    """Faces: which, where, how."""

    sdk: kinds.Faces = Field(
        (),
        description="pass for another platform's SDK server, so that a game made for it runs "
        "unchanged: `agones`, `gsdk`, or both with a comma",
    )
    agones_port: kinds.Port = Field(
        9358, description="the Agones face's REST on loopback, 0 = any; the game is told"
    )
    agones_grpc_port: kinds.Port = Field(
        9357, description="its gRPC, likewise, where the package has the extra `grpc`"
    )
    gsdk_port: kinds.Port = Field(
        56_001, description="the PlayFab face on loopback, 0 = any; the game is told"
    )
    agones_allocate: Annotated[str, word("ready", "match", "never")] = Field(
        "ready",
        description="when the Agones face becomes Allocated by itself: once the game is Ready "
        "(a deployment belongs to a match already), with the match or the players, or never",
    )
    agones_counters: kinds.Capacities = Field(
        faces.CAPACITIES,
        description="counters that the Agones face has, with their capacities, as the fleet's "
        "manifest named them",
    )
    agones_lists: kinds.Capacities = Field(faces.CAPACITIES, description="its lists, likewise")
