"""The platform's HTTP API, as its OpenAPI document describes it."""
