"""The official plugins, in whose place the stand-ins are."""


def official_plugin(package: str) -> str:
    """How a stand-in says what to do about that which it doesn't do: the end of every such refusal."""
    return f"install the official plugin (`pulumi plugin install resource {package}`)"
