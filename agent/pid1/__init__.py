"""PID 1: what must not be lost while everything else may die."""
