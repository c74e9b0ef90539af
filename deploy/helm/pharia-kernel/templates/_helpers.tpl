{{- define "pharia-kernel.fullname" -}}
{{- if contains .Chart.Name .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "pharia-kernel.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "pharia-kernel.labels" -}}
{{ include "pharia-kernel.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "pharia-kernel.serviceAccount" -}}
{{ .Values.serviceAccount.name | default (include "pharia-kernel.fullname" .) }}
{{- end }}

{{- define "pharia-kernel.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}
{{- end }}

{{- /* Whether variables or the file set a key such as "access.mode"; the answer is "true" or nothing. */}}
{{- define "pharia-kernel.sets" -}}
{{- $variable := .key | replace "-" "_" | replace "." "__" | upper }}
{{- $found := .config }}
{{- range splitList "." .key }}
{{- $found = ternary (dict) $found (not (kindIs "map" $found)) | dig . (dict) }}
{{- end }}
{{- if or (hasKey .env $variable) (not (empty $found)) }}true{{ end }}
{{- end }}

{{- /* Settings that can not work are refused here instead of in a pod that starts again and again. */}}
{{- define "pharia-kernel.check" -}}
{{- $config := fromToml .Values.config }}
{{- with $config.Error }}{{ fail (printf "config is not TOML: %s" .) }}{{ end }}
{{- $given := dict "config" $config "env" .Values.env }}
{{- $ours := dict "kernel-address" "listenHost" "metrics-address" "metrics" "cache-dir" "cache.volume"
    "images.cache-bytes" "cache.imageBytes" "limits.grace-seconds" "gracePeriodSeconds" "shutdown.delay-seconds" "drainSeconds"
    "embedded-documents.directory" "documents.existingClaim" }}
{{- range $key, $value := $ours }}
{{- if include "pharia-kernel.sets" (merge (dict "key" $key) $given) }}
{{- fail (printf "%s belongs to the chart: set the value %s instead" $key $value) }}
{{- end }}
{{- end }}
{{- $access := .Values.keysSecret.name }}
{{- range list "access.keys-file" "access.jwt" "authorization-url" "access.allow-everybody" }}
{{- $access = or $access (include "pharia-kernel.sets" (merge (dict "key" .) $given)) }}
{{- end }}
{{- if not $access }}
{{- fail "nothing says who may call: set keysSecret.name, or access.jwt, authorization-url or (for everybody who can connect) access.mode = \"none\" and access.allow-everybody = true in config" }}
{{- end }}
{{- end }}
