{{- define "pharia-kernel.mounts" -}}
- name: config
  mountPath: /etc/pharia-kernel/config
  readOnly: true
- name: cache
  mountPath: /var/cache/pharia-kernel
- name: tmp
  mountPath: /tmp
{{- if .Values.documents.existingClaim }}
- name: documents
  mountPath: /var/lib/pharia-kernel
{{- end }}
{{- if .Values.keysSecret.name }}
- name: keys
  mountPath: /etc/pharia-kernel/keys
  readOnly: true
{{- end }}
{{- if .Values.registrySecret }}
- name: registry
  mountPath: /etc/pharia-kernel/registry
  readOnly: true
{{- end }}
{{- if .Values.secrets }}
- name: secrets
  mountPath: /etc/pharia-kernel/secrets
  readOnly: true
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "pharia-kernel.volumes" -}}
- name: config
  configMap:
    name: {{ include "pharia-kernel.fullname" . }}
- name: cache
  {{- if .Values.cache.volume }}
  {{- toYaml .Values.cache.volume | nindent 2 }}
  {{- else }}
  emptyDir:
    sizeLimit: {{ .Values.cache.sizeLimit }}
  {{- end }}
- name: tmp
  emptyDir:
    sizeLimit: 1Gi
{{- if .Values.documents.existingClaim }}
- name: documents
  persistentVolumeClaim:
    claimName: {{ .Values.documents.existingClaim }}
{{- end }}
{{- if .Values.keysSecret.name }}
- name: keys
  secret:
    secretName: {{ .Values.keysSecret.name }}
    defaultMode: 0440
    items:
      - key: {{ .Values.keysSecret.key }}
        path: keys.toml
{{- end }}
{{- if .Values.registrySecret }}
- name: registry
  secret:
    secretName: {{ .Values.registrySecret }}
    defaultMode: 0440
    items:
      - key: .dockerconfigjson
        path: config.json
{{- end }}
{{- if .Values.secrets }}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- range .Values.secrets }}
      - secret:
          name: {{ .secret }}
          items:
            - key: {{ .key }}
              path: {{ .setting }}
      {{- end }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}
