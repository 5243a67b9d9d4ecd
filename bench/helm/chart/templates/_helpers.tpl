{{- define "service.selector" -}}
app.kubernetes.io/name: {{ .Release.Name }}
{{- end }}

{{- define "service.labels" -}}
{{ include "service.selector" . }}
app.kubernetes.io/part-of: {{ .Values.partOf }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
team: {{ .Values.team }}
language: {{ .Values.language }}
{{- end }}

{{- define "service.metadata" -}}
name: {{ .name }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "service.labels" .root | nindent 2 }}
{{- end }}

{{- define "service.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag }}{{ with .Values.image.digest }}@{{ . }}{{ end }}
{{- end }}

{{- define "service.probe" -}}
grpc: {port: {{ .Values.ports.grpc }}}
periodSeconds: 10
timeoutSeconds: 1
failureThreshold: 3
{{- end }}
