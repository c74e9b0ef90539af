{{- define "pharia-kernel.environment" -}}
{{- $given := dict "config" (fromToml .Values.config) "env" .Values.env -}}
- name: KERNEL_ADDRESS
  value: {{ printf "%s:8081" .Values.listenHost | quote }}
- name: CACHE_DIR
  value: /var/cache/pharia-kernel
- name: IMAGES__CACHE_BYTES
  value: {{ .Values.cache.imageBytes | quote }}
- name: SHUTDOWN__DELAY_SECONDS
  value: {{ .Values.drainSeconds | quote }}
- name: LIMITS__GRACE_SECONDS
  value: {{ .Values.gracePeriodSeconds | quote }}
{{- if .Values.metrics.enabled }}
- name: METRICS_ADDRESS
  value: {{ printf "%s:%v" .Values.listenHost .Values.metrics.port | quote }}
{{- end }}
{{- if .Values.documents.existingClaim }}
- name: EMBEDDED_DOCUMENTS__DIRECTORY
  value: /var/lib/pharia-kernel/documents
{{- else if not (or (include "pharia-kernel.sets" (merge (dict "key" "document-index") $given)) (include "pharia-kernel.sets" (merge (dict "key" "document-index-url") $given))) }}
- name: DOCUMENT_INDEX
  value: none
{{- end }}
{{- if .Values.keysSecret.name }}
- name: ACCESS__KEYS_FILE
  value: /etc/pharia-kernel/keys/keys.toml
{{- end }}
{{- if .Values.registrySecret }}
- name: DOCKER_CONFIG
  value: /etc/pharia-kernel/registry
{{- end }}
{{- range .Values.secrets }}
- name: {{ .setting | replace "-" "_" | replace "." "__" | upper }}_FILE
  value: /etc/pharia-kernel/secrets/{{ .setting }}
{{- end }}
{{- range $setting, $resource := dict "MEMORY_REQUEST" "requests.memory" "MEMORY_LIMIT" "limits.memory" "THREADS" "limits.cpu" }}
{{- $parts := splitList "." $resource }}
{{- if dig (first $parts) (last $parts) "" $.Values.resources }}
- name: {{ $setting }}
  valueFrom:
    resourceFieldRef:
      containerName: kernel
      resource: {{ $resource }}
{{- end }}
{{- end }}
{{- range .Values.secretEnv }}
- name: {{ .name }}
  valueFrom:
    secretKeyRef:
      name: {{ .secret }}
      key: {{ .key }}
{{- end }}
{{- range $name, $value := .Values.env }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}
