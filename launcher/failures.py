"""What stops the launcher. Each message stands alone: what is wrong, what follows from it, and what to do."""


class Failure(Exception):
    """The launcher can't go on."""


class ToolUnavailable(Failure):
    """A program that is needed is neither installed, nor can it be built."""


class StateUnusable(Failure):
    """The state of the stacks can't be read or written as it is."""


class StackLocked(Failure):
    """Another run is at work on the stack."""


class TargetUnusable(Failure):
    """What the stack's objects are on can't be worked on: the cluster doesn't answer, the folder can't be written."""
