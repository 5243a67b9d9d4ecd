"""What a message says, in Alertmanager's own language of templates. Pure.

https://prometheus.io/docs/alerting/latest/notifications/
"""

import json
from typing import Final

from components.observability.dashboards.index import HOME

TITLE: Final = '{{ template "polyglot.title" . }}'
HEADLINE: Final = '{{ template "polyglot.headline" . }}'
"""The title and the first alert's summary, where there is room for one line only."""
TEXT: Final = '{{ template "polyglot.text" . }}'
RUNBOOK: Final = "{{ .CommonAnnotations.runbook_url }}"
DASHBOARD: Final = '{{ template "polyglot.dashboard" . }}'
"""Empty where people have no address of Grafana."""

# A hundred Pods have one trouble, and one message of a few lines: WeCom cuts off what is longer than 2,048 bytes
# (https://developer.work.weixin.qq.com/document/path/90236).
_TEXTS: Final = """\
{{ define "polyglot.title" -}}
[{{ .Status | toUpper }}{{ if eq .Status "firing" }} {{ .Alerts.Firing | len }}{{ end }}] {{ .GroupLabels.alertname }}
{{- with .GroupLabels.service }}: {{ . }}{{ end }}
{{- end }}
{{ define "polyglot.headline" -}}
{{ template "polyglot.title" . }} {{ printf "%.200s" (index .Alerts 0).Annotations.summary }}
{{- end }}
{{ define "polyglot.alerts" -}}
{{ range $index, $alert := .Alerts }}{{ if lt $index 5 }}
{{- if eq $alert.Status "resolved" }}Resolved: {{ end }}{{ printf "%.200s" $alert.Annotations.summary }}
{{ end }}{{ end }}
{{- if gt (len .Alerts) 5 }}{{ len .Alerts }} in all
{{ end }}
{{- end }}
{{ define "polyglot.text" -}}
{{ template "polyglot.alerts" . }}
{{- with .CommonAnnotations.runbook_url }}Runbook: {{ . }}
{{ end }}
{{- if GRAFANA }}Dashboard: {{ template "polyglot.dashboard" . }}
{{ end }}
{{- end }}
{{ define "polyglot.dashboard" -}}
{{ if GRAFANA }}{{ GRAFANA }}/d/{{ or .CommonAnnotations.dashboard HOME }}
{{- with .GroupLabels.service }}?var-service={{ . | urlquery }}{{ end }}{{ end }}
{{- end }}
"""


def message_templates(grafana: str | None) -> str:
    """Return the texts of messages; `grafana` is where people reach Grafana, without a slash at the end."""
    # A text of JSON is one of Go's templates too, whatever stands in it.
    return _TEXTS.replace("HOME", json.dumps(HOME)).replace("GRAFANA", json.dumps(grafana or "", ensure_ascii=False))
