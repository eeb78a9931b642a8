{{- define "bleepstore.name" -}}
{{- if contains "bleepstore" .Release.Name -}}
{{ .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-bleepstore" .Release.Name | trunc 52 | trimSuffix "-" }}
{{- end -}}
{{- end -}}

{{- define "bleepstore.selector" -}}
app.kubernetes.io/name: bleepstore
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "bleepstore.labels" -}}
{{ include "bleepstore.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- /* The name of the port that has the pages. */ -}}
{{- define "bleepstore.pages" -}}
{{ ternary "admin" "s3" (ne (int .Values.adminPort) 0) }}
{{- end -}}

{{- define "bleepstore.secret" -}}
{{ .Values.credentials.existingSecret | default (include "bleepstore.name" .) }}
{{- end -}}
