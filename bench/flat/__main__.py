"""A flat Pulumi program: it registers ready-made objects one after another, and computes nothing."""

import json
from pathlib import Path

import pulumi
import pulumi_kubernetes

HERE = Path(__file__).resolve().parent

provider = pulumi_kubernetes.Provider("kubernetes", render_yaml_to_directory=str(HERE / "build" / "rendered"))
options = pulumi.ResourceOptions(provider=provider)
for token, name, body in json.loads((HERE / "objects.json").read_text()):
    pulumi.CustomResource(token, name, body, options)
